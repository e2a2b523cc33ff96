"""GetAccount at random among many workspaces, against few: does a connection of the pool know its tenants? And what do they cost when
nobody calls?"""
import os
import time

import workspaces
from load import Load
from page import Table
from processes import cpu_seconds
from provisioning import await_blanks
from workspaces import ACCOUNTS, SERVER_NAME, field

IN_FLIGHT = 16
COUNTS = [10, 1000]
QUICK_COUNTS = [2, 20]
BACKEND_BYTES_MAX = 256 << 20
GOAL = 0.75
# Of the programs and PostgreSQL when there is no workspace.
BASE_SECONDS = 60
# A sweep of all workspaces (JobHost) and a little more.
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
    base = idle(installation, 2 if is_quick else BASE_SECONDS)
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
    # What PostgreSQL owes for the opening of so many is not what they cost.
    catalogs = "SELECT string_agg(oid::regclass::text, ', ') FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'"
    installation.psql(f"VACUUM (ANALYZE) {installation.psql(catalogs)}")
    installation.psql("CHECKPOINT")
    seconds = 2 if is_quick else IDLE_SECONDS
    # A sweep finds what was written by then, the next one nothing.
    time.sleep(seconds)
    return rows, {"tenants": counts[-1], "base": base, "cores": idle(installation, seconds)}


BACKENDS, BACKGROUND = "PostgreSQL for the programs", "PostgreSQL by itself"


def postgres_cpu(installation):
    """CPU seconds of the backends that the programs have, by process."""
    pids = installation.psql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'steward-%'").split()
    return {pid: cpu_seconds(pid) for pid in pids}


def idle(installation, seconds):
    """Cores that the programs and PostgreSQL use while nobody calls; apart what PostgreSQL does for the programs, and its own work (autovacuum,
    checkpoints, backends that ended)."""
    await_blanks(installation)
    before, backends = installation.cpu(), postgres_cpu(installation)
    time.sleep(seconds)
    after = postgres_cpu(installation)
    used = {name: cpu - before[name] for name, cpu in installation.cpu().items()}
    whole = used.pop("PostgreSQL")
    used[BACKENDS] = sum(cpu - backends.get(pid, 0) for pid, cpu in after.items())
    used[BACKGROUND] = whole - used[BACKENDS]
    return {name: cpu / seconds for name, cpu in used.items()}


def report(rows, idled):
    table = Table(f"GetAccount at random tenants, {IN_FLIGHT} in flight",
                  ["tenants", "calls/s", "p50 ms", "p99 ms", "max ms", "PostgreSQL µs/call", "largest backend MB"])
    for r in rows:
        table.add(str(r["tenants"]), f"{r['per_second']:.0f}", f"{r['p50_us'] / 1000:.2f}", f"{r['p99_us'] / 1000:.2f}",
                  f"{r['max_us'] / 1000:.1f}", f"{r['postgres_us']:.0f}", f"{r['backend_bytes'] / 1e6:.0f}")
    ratio = rows[-1]["per_second"] / rows[0]["per_second"]
    waiting = Table(f"No workspace, and {idled['tenants']} in which nothing happens; % of a core", list(idled["cores"]) + ["together"])
    for cores in (idled["base"], idled["cores"]):
        waiting.add(*(f"{share * 100:.2f}" for share in [*cores.values(), sum(cores.values())]))
    more = sum(idled["cores"].values()) - sum(idled["base"].values())
    share = more / idled["tenants"] * IDLE_COUNT
    largest = max(r["backend_bytes"] for r in rows)
    goals = [
        (f"GetAccount at random among {rows[-1]['tenants']} tenants against {rows[0]['tenants']}", f"{ratio:.2f}",
         f"≥ {GOAL}", ratio >= GOAL),
        ("Largest backend", f"{largest / 1e6:.0f} MB", "≤ 256 MB", largest <= BACKEND_BYTES_MAX),
        (f"What {IDLE_COUNT} idle workspaces add, from {idled['tenants']} by rule of three", f"{share * 100:.2f} % of a core",
         f"≤ {IDLE_GOAL * 100:.0f} %", share <= IDLE_GOAL),
    ]
    return [table, waiting], goals
