"""Accounts changed one by one and many at once, through gateway, customer service and PostgreSQL."""
import threading
import time
import uuid

import crm
from page import Table
from processes import PROGRAMS
from thin_client import field, fields
from workspaces import ACCOUNTS, ATTACH, answer

BATCH = 1_000
# Clients that change accounts one by one at the same time.
CLIENTS = 8
GOAL = 4
EXTERNAL_ID, CITY = 11, 18
ONE, EIGHT, MANY, REFUSED = "UpdateAccount, one client", f"UpdateAccount, {CLIENTS} clients", "BatchUpdateAccounts", (
    "BatchUpdateAccounts, one item taken")


def call(client, method, request):
    return answer(client, ACCOUNTS + method, request, request_id=crm.new_request_id())


def update(account, more=b""):
    """UpdateAccountRequest that sets a new city."""
    return field(1, field(1, account) + field(CITY, uuid.uuid4().hex) + more)


def singles(clients, accounts, seconds):
    """Rows changed by clients that have an account at a time each."""
    counts, end = [0] * len(clients), time.monotonic() + seconds

    def run(index):
        while time.monotonic() < end:
            account = accounts[(index + counts[index] * len(clients)) % len(accounts)]
            call(clients[index], "UpdateAccount", update(account))
            counts[index] += 1
    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def batches(client, accounts, seconds, refused=None):
    """Rows changed by one client in batches; `refused` is a value that the first item cannot have."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        more = field(EXTERNAL_ID, refused) if refused else b""
        requests = [field(1, update(account, b"" if index else more)) for index, account in enumerate(accounts)]
        count += len(call(client, "BatchUpdateAccounts", b"".join(requests))[1])
    return count


def measure(installation, seconds):
    clients = [installation.connect() for _ in range(CLIENTS)]
    for client in clients:
        answer(client, ATTACH, installation.attach)
    made = call(clients[0], "BatchCreateAccounts", b"".join(
        field(1, field(10, "Benchmark Ltd") + field(EXTERNAL_ID, f"b{number}")) for number in range(BATCH)))
    accounts = [fields(account)[1][0] for account in made[1]]
    ways = {
        ONE: lambda: singles(clients[:1], accounts, seconds), EIGHT: lambda: singles(clients, accounts, seconds),
        MANY: lambda: batches(clients[0], accounts, seconds),
        REFUSED: lambda: batches(clients[0], accounts, seconds, refused="b1"),
    }
    rows = []
    for name, run in ways.items():
        before, start = installation.cpu(), time.monotonic()
        count = run()
        taken, after = time.monotonic() - start, installation.cpu()
        cpu = {program: (after[program] - before[program]) / count * 1e6 for program in after}
        rows.append({"way": name, "per_second": count / taken, "cpu_us": cpu})
    return rows


def report(rows):
    table = Table("Accounts changed one by one and 1,000 at once; CPU in µs per account",
                  ["way", "accounts/s", "against one by one", "gateway", "customer", "others", "PostgreSQL"])
    single = next(row for row in rows if row["way"] == EIGHT)
    for row in rows:
        cpu = row["cpu_us"]
        others = sum(cpu[program] for program in PROGRAMS if program not in ("gateway", "customer"))
        table.add(row["way"], f"{row['per_second']:.0f}", f"{row['per_second'] / single['per_second']:.1f} ×",
                  f"{cpu['gateway']:.0f}", f"{cpu['customer']:.0f}", f"{others:.0f}", f"{cpu['PostgreSQL']:.0f}")
    many = next(row for row in rows if row["way"] == MANY)
    ratio = many["per_second"] / single["per_second"]
    return [table], [(f"BatchUpdate of {BATCH}: accounts per second against {CLIENTS} clients", f"{ratio:.1f} ×",
                      f"≥ {GOAL} ×", ratio >= GOAL)]
