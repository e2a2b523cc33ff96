"""Opening workspaces: how long one takes, alone and four at a time, with few and with many workspaces there already."""
import threading
import time
import uuid

from crm import Installation
from page import Table
from thin_client import field, fields
from workspaces import ATTACH, IDENTITY, answer

# Workspaces there are when the looks are taken.
FEW, MANY = 100, 1_000
ALONE, TOGETHER, AT_ONCE = 20, 60, 4
# A goal of the founders: 60 workspaces, four at a time.
TOGETHER_P99_MS = 300
# "About as fast": what a look at MANY may take in looks at FEW.
GROWTH = 1.25
# Seconds in which nobody asks for anything, and the CPU that the provisioner may use meanwhile.
IDLE, IDLE_CPU_MS = 60, 20


class Desk:
    """An operator's connection."""

    def __init__(self, installation):
        self.client = installation.connect()
        sign_in = field(1, "operator@bench.example") + field(2, installation.text("demo/operator.password"))
        session = answer(self.client, IDENTITY + "AuthenticationService/SignInOperator", sign_in)[1][0]
        answer(self.client, ATTACH, field(1, fields(session)[1][0]))

    def open_workspace(self):
        """Milliseconds until it can be used."""
        name = f"w{uuid.uuid4().hex[:24]}"
        wish = (field(1, name) + field(2, "Benchmark") + field(3, f"admin@{name}.example") + field(4, "Admin")
                + field(5, "correct horse battery"))
        start = time.monotonic()
        answer(self.client, IDENTITY + "TenantService/CreateTenant", wish, request_id=name)
        return (time.monotonic() - start) * 1_000


def open_many(installation, count, at_once):
    """Milliseconds of each of so many."""
    times, left, lock = [], iter(range(count)), threading.Lock()

    def work(desk):
        while True:
            with lock:
                if next(left, None) is None:
                    return
            times.append(desk.open_workspace())

    threads = [threading.Thread(target=work, args=(Desk(installation),)) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(times) != count:
        raise SystemExit(f"{count - len(times)} of {count} workspaces could not be opened")
    return sorted(times)


def await_blanks(installation):
    """Waits until the provisioner has made up for what was taken: until the count of blank schemas stays for three seconds."""
    count, since = None, 0
    while time.monotonic() < since + 3 or count is None:
        now = int(installation.psql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'blank\\_%'"))
        if now != count:
            count, since = now, time.monotonic()
        time.sleep(0.2)


def look(installation, workspaces):
    """Fills up to so many workspaces, then takes the times."""
    missing = workspaces - int(installation.psql("SELECT count(*) FROM directory.tenants"))
    if missing > 0:
        open_many(installation, missing, AT_ONCE)
    await_blanks(installation)
    alone = open_many(installation, ALONE, 1)
    await_blanks(installation)
    together = open_many(installation, TOGETHER, AT_ONCE)
    return {"workspaces": workspaces, "alone": _quantiles(alone), "together": _quantiles(together)}


def _quantiles(times):
    return {"p50_ms": times[len(times) // 2], "p99_ms": times[min(len(times) - 1, int(len(times) * 0.99))]}


def idle(installation, seconds):
    """Milliseconds of CPU of the provisioner in so many seconds without a call."""
    await_blanks(installation)
    before = installation.cpu()["provisioner"]
    time.sleep(seconds)
    return {"seconds": seconds, "cpu_ms": (installation.cpu()["provisioner"] - before) * 1_000}


def measure(installation, is_quick):
    looks = [look(installation, workspaces) for workspaces in ((10, 30) if is_quick else (FEW, MANY))]
    return looks, idle(installation, 5 if is_quick else IDLE)


def report(looks, idled):
    table = Table("Opening a workspace, milliseconds until its admin can sign in",
                  ["workspaces", "alone p50", "alone p99", f"{AT_ONCE} at a time p50", f"{AT_ONCE} at a time p99"])
    for one in looks:
        table.add(str(one["workspaces"]), *(f"{one[how][q]:.0f}" for how in ("alone", "together")
                                            for q in ("p50_ms", "p99_ms")))
    few, many = looks
    growth = many["alone"]["p50_ms"] / few["alone"]["p50_ms"]
    goals = [
        (f"{TOGETHER} workspaces, {AT_ONCE} at a time, with {one['workspaces']} there: p99",
         f"{one['together']['p99_ms']:.0f} ms", f"< {TOGETHER_P99_MS} ms", one["together"]["p99_ms"] < TOGETHER_P99_MS)
        for one in looks
    ] + [(f"One alone, with {many['workspaces']} there against {few['workspaces']}", f"{growth:.2f} ×", f"≤ {GROWTH} ×",
          growth <= GROWTH),
         (f"The provisioner's CPU in {idled['seconds']} s without a call", f"{idled['cpu_ms']:.0f} ms", f"≤ {IDLE_CPU_MS} ms",
          idled["cpu_ms"] <= IDLE_CPU_MS)]
    return [table], goals
