"""GetAccount at random among many workspaces, against few: does a connection of the pool know its tenants? And what do they cost when
nobody calls?"""
import os
import time

import workspaces
from load import Load
from page import Table
from workspaces import ACCOUNTS, SERVER_NAME, field

IN_FLIGHT = 16
COUNTS = [10, 1000]
QUICK_COUNTS = [2, 20]
BACKEND_BYTES_MAX = 256 << 20
GOAL = 0.75
# A sweep of all workspaces (JobLimits.period) and a little more.
IDLE_SECONDS = 310
IDLE_COUNT, IDLE_GOAL = 3000, 0.01


def backend_bytes(installation):
    """Memory of its own (RssAnon) of each backend of the customer service."""
    pids = installation.psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'steward-customer'").split()
    found = []
    for pid in pids:
        with open(f"/proc/{pid}/status") as file:
            found += [int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon")]
    return found


def measure(installation, tools, folder, seconds, is_quick):
    counts = QUICK_COUNTS if is_quick else COUNTS
    made = workspaces.make(installation, [f"many-{number}" for number in range(counts[-1])])
    rows = []
    for count in counts:
        attach, payloads = os.path.join(folder, "attach-many"), os.path.join(folder, "payloads-many")
        workspaces.write_messages(attach, [workspace.attach for workspace in made[:count]])
        workspaces.write_messages(payloads, [field(1, workspace.account) for workspace in made[:count]])
        load = Load(
            [f"{tools}/load", str(installation.port), installation.trust_roots, SERVER_NAME, ACCOUNTS + "GetAccount",
             payloads], [attach, "at-random"])
        load.run((count, IN_FLIGHT), seconds, installation.cpu)  # so that every connection has met its tenants
        result = load.run((count, IN_FLIGHT), seconds, installation.cpu)
        rows.append({"tenants": count, "per_second": result["calls"] / result["seconds"], "p50_us": result["p50_us"],
                     "p99_us": result["p99_us"], "max_us": result["max_us"],
                     "postgres_us": result["cpu"]["PostgreSQL"] / result["calls"] * 1e6,
                     "backend_bytes": max(backend_bytes(installation))})
    return rows, idle(installation, counts[-1], 2 if is_quick else IDLE_SECONDS)


def idle(installation, count, seconds):
    """Cores that the programs and PostgreSQL use for workspaces in which nothing happens."""
    before = installation.cpu()
    time.sleep(seconds)
    return {"tenants": count, "cores": {name: (cpu - before[name]) / seconds for name, cpu in installation.cpu().items()}}


def report(rows, idled):
    table = Table(f"GetAccount at random tenants, {IN_FLIGHT} in flight",
                  ["tenants", "calls/s", "p50 ms", "p99 ms", "max ms", "PostgreSQL µs/call", "largest backend MB"])
    for r in rows:
        table.add(str(r["tenants"]), f"{r['per_second']:.0f}", f"{r['p50_us'] / 1000:.2f}", f"{r['p99_us'] / 1000:.2f}",
                  f"{r['max_us'] / 1000:.1f}", f"{r['postgres_us']:.0f}", f"{r['backend_bytes'] / 1e6:.0f}")
    ratio = rows[-1]["per_second"] / rows[0]["per_second"]
    waiting = Table(f"{idled['tenants']} workspaces in which nothing happens; % of a core", list(idled["cores"]) + ["together"])
    together = sum(idled["cores"].values())
    waiting.add(*(f"{cores * 100:.2f}" for cores in [*idled["cores"].values(), together]))
    share = together / idled["tenants"] * IDLE_COUNT
    largest = max(r["backend_bytes"] for r in rows)
    goals = [
        (f"GetAccount at random among {rows[-1]['tenants']} tenants against {rows[0]['tenants']}", f"{ratio:.2f}",
         f"≥ {GOAL}", ratio >= GOAL),
        ("Largest backend", f"{largest / 1e6:.0f} MB", "≤ 256 MB", largest <= BACKEND_BYTES_MAX),
        (f"{IDLE_COUNT} idle workspaces, from {idled['tenants']} by rule of three", f"{share * 100:.2f} % of a core",
         f"≤ {IDLE_GOAL * 100:.0f} %", share <= IDLE_GOAL),
    ]
    return [table, waiting], goals
