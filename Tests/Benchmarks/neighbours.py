"""What a busy workspace does to another: latency of B's GetAccount at a fixed rate, alone and beside each form of A.

A has 40,000 accounts of 1.8 KB. Its clients wait as long as they are told to before they call again, and call at once after an
answer; they would have machines of their own, and yield to everybody here (SCHED_IDLE). Budgets are those that an installation has
when nobody sets any. Nothing is pinned: A, B, the load and PostgreSQL share the machine's cores. The first row says what one process that
only computes does to B on this machine: no more can be asked of a service that lets one long statement run.
"""
import json
import os
import subprocess
import threading
import time

import workspaces
from page import Table
from thin_client import fields
from workspaces import ACCOUNTS, answer, field

ACCOUNTS_OF_A = 40_000
BATCH = 1_000
RATE = 2_000
P99_GOAL, RATE_GOAL = 1.3, 0.95
COMPUTING = "a computing process"

FILTER_64 = " or ".join(f'description ~ "zz{number}"' for number in range(64))


def listing(filter_text=None, order_by=None, size=None):
    return ((field(2, filter_text) if filter_text else b"") + (field(3, order_by) if order_by else b"")
            + (field(4, size) if size else b""))


def batch(installation, workspace):
    """A BatchGet of as many accounts as a request may name."""
    ids = installation.psql(f"SELECT id FROM {workspace.schema}.accounts LIMIT {BATCH}").split()
    return b"".join(field(1, account) for account in ids) + field(2, "display_name")


class Attack:
    """Clients of A, each with one call at a time, until they are stopped; counts how calls end."""

    def __init__(self, workspace, count, request, method="ListAccounts"):
        self.outcomes, self.costs, self.is_over, self.lock = {}, [], threading.Event(), threading.Lock()
        self.request, self.method = request, method
        clients = [workspace.connect() for _ in range(count)]
        self.threads = [threading.Thread(target=self.run, args=(client,)) for client in clients]
        for thread in self.threads:
            thread.start()

    def run(self, client):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # of this thread
        while not self.is_over.is_set():
            status = {}
            for kind, value in client.call(ACCOUNTS + self.method, [self.request], timeout_ms=120_000):
                if kind == "status":
                    status = value
            self.is_over.wait(self.note(status))

    def note(self, status):
        """How the call ended; returns the seconds that A was told to wait."""
        reason = status[3][0].decode() if status.get(1, [0])[0] else "OK"
        retry = fields(status[7][0]).get(1, [0])[0] if 7 in status else 0
        with self.lock:
            self.outcomes[reason] = self.outcomes.get(reason, 0) + 1
            if 9 in status:
                self.costs.append(fields(status[9][0]).get(1, [0])[0])
        return retry / 1000

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        return {"outcomes": self.outcomes, "cost_max": max(self.costs, default=0)}


class Computing:
    """Nothing of A: a process of the system that takes what it gets of one core."""

    def __init__(self):
        self.process = subprocess.Popen(["sh", "-c", "while :; do :; done"])

    def stop(self):
        self.process.kill()
        self.process.wait()
        return {"outcomes": {}, "cost_max": 0}


class LockedTable:
    """A lock on A's accounts that outlasts the measurement, and 16 reads of A."""

    def __init__(self, workspace, seconds):
        sql = f"BEGIN; LOCK TABLE {workspace.schema}.accounts IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT"
        self.psql = subprocess.Popen(["psql", "-XAtq", workspace.installation.text("superuser-dsn"), "-c", sql],
                                     stdout=subprocess.DEVNULL)
        self.reads = Attack(workspace, 16, field(1, workspace.account), "GetAccount")

    def stop(self):
        told = self.reads.stop()
        self.psql.wait()
        return told


def fill(installation, workspace):
    """Copies the workspace's one account."""
    accounts = f"{workspace.schema}.accounts"
    installation.psql(
        f"INSERT INTO {accounts} SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(), "
        f"'display_name', 'Copy ' || n, 'description', (SELECT string_agg(md5(n || '.' || k), '') FROM "
        f"generate_series(1, 56) k)))).* FROM {accounts} a, generate_series(1, {ACCOUNTS_OF_A}) n")
    installation.psql(f"ANALYZE {accounts}")


def command(installation, *words, profile):
    environment = {**os.environ, "STEWARD_PROFILE": profile}
    done = subprocess.run([f"{installation.state}/bin/steward", *words], env=environment, text=True, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"steward {' '.join(words)}: {done.stderr}")
    return done.stdout


def bystander(installation, workspace, seconds):
    """B's calls at a fixed rate."""
    out = command(installation, "bench", "AccountService/GetAccount", f"id={workspace.account}", "--rate", str(RATE),
                  "--connections", "4", "--duration", f"{seconds}s", "--warmup", "1s", "--output", "json", profile="b")
    result = json.loads(out)
    return {"per_second": result["calls_per_second"], "p50": result["latency_ms"]["p50"],
            "p99": result["latency_ms"]["p99"], "max": result["latency_ms"]["max"], "errors": result["errors"]}


def measure(installation, seconds):
    a, b = workspaces.make(installation, ["busy", "quiet"])
    fill(installation, a)
    command(installation, "login", "--workspace", b.name, "--email", f"admin@{b.name}.example", "--password-file",
            os.path.join(installation.state, "demo/admin.password"), profile="b")
    forms = [
        (COMPUTING, Computing),
        ("8 × 64 filters", lambda: Attack(a, 8, listing(FILTER_64))),
        ("8 × one filter", lambda: Attack(a, 8, listing('description ~ "zz"'))),
        ("4 × 8 sorts", lambda: Attack(a, 32, listing(order_by="website"))),
        ("16 × BatchGet 1,000", lambda: Attack(a, 16, batch(installation, a), "BatchGetAccounts")),
        ("4 × list of 1,000", lambda: Attack(a, 4, listing(size=BATCH))),
        ("a lock, 16 reads", lambda: LockedTable(a, seconds + 2)),
    ]
    bystander(installation, b, 2)  # warm-up
    rows = []
    for name, begin in forms:
        alone = bystander(installation, b, seconds)
        attack = begin()
        try:
            beside = bystander(installation, b, seconds)
        finally:
            told = attack.stop()
        rows.append({"form": name, "alone": alone, "beside": beside, **told})
        time.sleep(1)
    return rows


def report(rows):
    table = Table(f"GetAccount of B, {RATE} a second, beside A",
                  ["A", "p99 alone", "p99 beside", "ratio", "max beside", "calls/s beside", "errors", "A is told"])
    goals = []
    for r in rows:
        ratio = r["beside"]["p99"] / r["alone"]["p99"]
        rate = r["beside"]["per_second"] / r["alone"]["per_second"]
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(r["outcomes"].items()))
        table.add(r["form"], f"{r['alone']['p99']:.2f} ms", f"{r['beside']['p99']:.2f} ms", f"{ratio:.2f}",
                  f"{r['beside']['max']:.0f} ms", f"{r['beside']['per_second']:.0f}", str(r["beside"]["errors"]),
                  f"{told}; at most {r['cost_max']} units" if told else "")
        if r["form"] == COMPUTING:
            continue
        goals.append((f"B's p99 beside {r['form']}", f"{ratio:.2f} ×", f"≤ {P99_GOAL} ×", ratio <= P99_GOAL))
        goals.append((f"B's rate beside {r['form']}", f"{rate * 100:.0f} %", "≥ 95 %", rate >= RATE_GOAL))
    return [table], goals
