"""One workspace with a million accounts: an export beside PostgreSQL's COPY of the same rows, a job that changes a tenth of them, and what
either does to a neighbour."""
import os
import subprocess
import threading
import time

import workspaces
from neighbours import RATE, bystander, command
from page import Table
from processes import resident_bytes
from thin_client import field, fields
from workspaces import ACCOUNTS, answer

ACCOUNT_COUNT, QUICK_COUNT = 1_000_000, 10_000
# Accounts of one statement.
FILL_PART = 50_000
# One account of so many is in the city that the job looks for.
MATCHING = 10
JOBS = "steward.customer.v1.JobService/"
REGION, RESUME_TOKEN, JOB_STATE, DONE_COUNT, WAITING, RUNNING, DONE = 19, 2, 3, 9, 1, 2, 3
EXPORT_GOAL, NEIGHBOUR_GOAL = 0.25, 1.3
COPY, COPY_SORTED, STREAM, COMMAND = "COPY TO STDOUT", "COPY, in the order of the export", "ExportAccounts", "steward account export, CSV"


def fill(installation, workspace, count):
    """Copies of the workspace's one account, each with values of its own; what COPY is given the most of is what an account shows. In parts, which
    end before the time of a statement does."""
    accounts = f"{workspace.schema}.accounts"
    for first in range(1, count, FILL_PART):
        installation.psql(
            f"INSERT INTO {accounts} SELECT copy.* FROM {accounts} a, generate_series({first}, {min(first + FILL_PART, count) - 1}) n, "
            f"jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(), 'display_name', 'Account ' || n, 'external_id', 'E' || n, "
            f"'email', 'mail' || n || '@example.com', 'phone', '+49' || 3000000000 + n, 'street', 'Street ' || n, "
            f"'city', 'City ' || n % {MATCHING}, 'created_at', a.created_at - n * interval '1 s')) copy WHERE a.id = '{workspace.account}'")
    installation.psql(f"VACUUM ANALYZE {accounts}")


def copy(installation, workspace, order=""):
    subprocess.run(
        ["psql", "-XAtq", installation.text("superuser-dsn"), "-c",
         f"COPY (SELECT * FROM {workspace.schema}.accounts WHERE deleted_at IS NULL {order}) TO STDOUT (FORMAT csv)"],
        check=True, stdout=subprocess.DEVNULL)


def stream(workspace):
    """Takes the whole export and looks at nothing of it but where it goes on."""
    client, token = workspace.connect(), b""
    while token is not None:
        last = b""
        for kind, value in client.call(ACCOUNTS + "ExportAccounts", [field(6, token) if token else b""], timeout_ms=600_000):
            if kind == "message":
                last = value
            elif value.get(1, [0])[0] and not last:
                raise SystemExit(f"ExportAccounts: {value}")
        token = fields(last).get(RESUME_TOKEN, [None])[0]


def export(installation, folder):
    command(installation, "account", "export", "--output", "csv", "--ids", "-o", os.path.join(folder, "accounts.csv"), profile="a")


def update(workspace, stop):
    """Has a job change the accounts of a city, again and again until it is told to stop; gives the number of accounts changed."""
    client, done, turn = workspace.connect(), 0, 0
    while not stop.is_set():
        request = field(2, f'city = "City 1"') + field(3, field(REGION, f"Region {turn}"))
        turn += 1
        job = answer(client, ACCOUNTS + "UpdateMatchingAccounts", request, request_id=f"bulk-{os.getpid()}-{time.time_ns()}")[1][0]
        while not stop.is_set():
            told = fields(answer(client, JOBS + "GetJob", field(1, job))[1][0])
            if told[JOB_STATE][0] not in (WAITING, RUNNING):
                break
            stop.wait(0.05)
        done += told.get(DONE_COUNT, [0])[0]
        if told[JOB_STATE][0] in (WAITING, RUNNING):
            answer(client, JOBS + "CancelJob", field(1, job))
        elif told[JOB_STATE][0] != DONE:
            raise SystemExit(f"the job ended in state {told}")
    return done


class Beside:
    """Work of the first workspace, over and over, while a neighbour is measured."""

    def __init__(self, work):
        self.stop_event = threading.Event()
        self.thread = threading.Thread(target=work, args=(self.stop_event,))
        self.thread.start()

    def stop(self):
        self.stop_event.set()
        self.thread.join()


def timed(installation, name, count, work):
    before, start = installation.cpu(), time.monotonic()
    work()
    taken, after = time.monotonic() - start, installation.cpu()
    cpu = {program: (after[program] - before[program]) / count * 1e6 for program in after}
    return {"way": name, "per_second": count / taken, "cpu_us": cpu, "customer_bytes": resident_bytes(installation.pids["customer"])}


def changing(installation, workspace, seconds):
    """Accounts that the job changes within a time."""
    stop, counts = threading.Event(), []
    thread = threading.Thread(target=lambda: counts.append(update(workspace, stop)))
    before, start = installation.cpu(), time.monotonic()
    thread.start()
    stop.wait(seconds)
    stop.set()
    thread.join()
    taken, after, count = time.monotonic() - start, installation.cpu(), max(1, counts[0])
    return {"way": "UpdateMatchingAccounts", "per_second": count / taken,
            "cpu_us": {program: (after[program] - before[program]) / count * 1e6 for program in after},
            "customer_bytes": resident_bytes(installation.pids["customer"])}


def measure(installation, folder, is_quick):
    count, seconds = (QUICK_COUNT, 2) if is_quick else (ACCOUNT_COUNT, 20)
    a, b = workspaces.make(installation, ["bulk", "neighbour"])
    fill(installation, a, count)
    for workspace, profile in ((a, "a"), (b, "b")):
        command(installation, "login", "--workspace", workspace.name, "--email", f"admin@{workspace.name}.example", "--password-file",
                os.path.join(installation.state, "demo/admin.password"), profile=profile)
    order = "ORDER BY created_at DESC, id DESC"
    rows = [timed(installation, COPY, count, lambda: copy(installation, a)),
            timed(installation, COPY_SORTED, count, lambda: copy(installation, a, order)),
            timed(installation, STREAM, count, lambda: stream(a)),
            timed(installation, COMMAND, count, lambda: export(installation, folder)),
            changing(installation, a, seconds)]

    def keep_exporting(stop):
        while not stop.is_set():
            client = a.connect()
            for _ in client.call(ACCOUNTS + "ExportAccounts", [b""], timeout_ms=600_000):
                if stop.is_set():
                    break
            client.socket.close()

    bystander(installation, b, 2)  # warm-up
    beside = []
    for name, work in (("an export", keep_exporting), ("a job that changes accounts", lambda stop: update(a, stop))):
        alone = bystander(installation, b, seconds)
        work = Beside(work)
        try:
            busy = bystander(installation, b, seconds)
        finally:
            work.stop()
        beside.append({"form": name, "alone": alone, "beside": busy})
    return {"accounts": count, "ways": rows, "beside": beside}


def report(told):
    table = Table(f"{told['accounts']} accounts of one workspace, all or a tenth of them; CPU in µs per account",
                  ["way", "accounts/s", "gateway", "customer", "PostgreSQL", "customer MB afterwards"])
    for row in told["ways"]:
        cpu = row["cpu_us"]
        table.add(row["way"], f"{row['per_second']:.0f}", f"{cpu['gateway']:.1f}", f"{cpu['customer']:.1f}",
                  f"{cpu['PostgreSQL']:.1f}", f"{row['customer_bytes'] / 1e6:.0f}")
    beside = Table(f"GetAccount of a neighbour, {RATE} a second", ["beside", "p99 alone", "p99 beside", "ratio", "max beside", "errors"])
    per_second = {row["way"]: row["per_second"] for row in told["ways"]}
    ratio = per_second[STREAM] / per_second[COPY]
    goals = [("ExportAccounts against COPY, accounts per second", f"{ratio * 100:.0f} %", f"≥ {EXPORT_GOAL * 100:.0f} %", ratio >= EXPORT_GOAL)]
    for row in told["beside"]:
        slower = row["beside"]["p99"] / row["alone"]["p99"]
        beside.add(row["form"], f"{row['alone']['p99']:.2f} ms", f"{row['beside']['p99']:.2f} ms", f"{slower:.2f}",
                   f"{row['beside']['max']:.0f} ms", str(row["beside"]["errors"]))
        goals.append((f"A neighbour's p99 beside {row['form']}", f"{slower:.2f} ×", f"≤ {NEIGHBOUR_GOAL} ×", slower <= NEIGHBOUR_GOAL))
    return [table, beside], goals
