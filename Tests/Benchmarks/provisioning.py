"""Opening workspaces: how long one takes, alone and four at a time, with few and with many workspaces there already."""
import os
import subprocess
import sys
import threading
import time
import uuid

from page import Table

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "ThinClientTests"))
from thin_client import Client, describe, field, fields  # noqa: E402

# Workspaces there are when the looks are taken.
FEW, MANY = 100, 1_000
ALONE, TOGETHER, AT_ONCE = 20, 60, 4
# A goal of the founders: 60 workspaces, four at a time.
TOGETHER_P99_MS = 300
# "About as fast": what a look at MANY may take in looks at FEW.
GROWTH = 1.25


class Desk:
    """An operator's connection."""

    def __init__(self, state):
        def text(name):
            with open(os.path.join(state, name)) as file:
                return file.read().strip()

        self.client = Client("127.0.0.1", int(text("etc/port-base")), os.path.join(state, "pki/ca.crt"))
        sign_in = field(1, "operator@bench.example") + field(2, text("demo/operator.password"))
        session = fields(self.call("steward.identity.v1.AuthenticationService/SignInOperator", sign_in))[1][0]
        self.call("steward.rpc.v1.SessionService/AttachSession", field(1, fields(session)[1][0]))

    def call(self, method, request, request_id=None):
        for kind, value in self.client.call(method, [request], request_id=request_id):
            if kind == "message":
                answer = value
            elif value.get(1, [0])[0]:
                raise SystemExit(f"{method}: {describe(value)}")
        return answer

    def open_workspace(self):
        """Milliseconds until it can be used."""
        name = f"w{uuid.uuid4().hex[:24]}"
        wish = (field(1, name) + field(2, "Benchmark") + field(3, f"admin@{name}.example") + field(4, "Admin")
                + field(5, "correct horse battery"))
        start = time.monotonic()
        self.call("steward.identity.v1.TenantService/CreateTenant", wish, request_id=name)
        return (time.monotonic() - start) * 1_000


def open_many(state, count, at_once):
    """Milliseconds of each of so many."""
    times, left, lock = [], iter(range(count)), threading.Lock()

    def work(desk):
        while True:
            with lock:
                if next(left, None) is None:
                    return
            times.append(desk.open_workspace())

    threads = [threading.Thread(target=work, args=(Desk(state),)) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(times) != count:
        raise SystemExit(f"{count - len(times)} of {count} workspaces could not be opened")
    return sorted(times)


def _count(state):
    with open(os.path.join(state, "superuser-dsn")) as file:
        dsn = file.read().strip()
    query = "SELECT count(*) FROM directory.tenants"
    return int(subprocess.run(["psql", "-XAtq", dsn, "-c", query], check=True, text=True, capture_output=True).stdout)


def look(state, workspaces):
    """Fills up to so many workspaces, then takes the times."""
    missing = workspaces - _count(state)
    if missing > 0:
        open_many(state, missing, AT_ONCE)
    alone = open_many(state, ALONE, 1)
    together = open_many(state, TOGETHER, AT_ONCE)
    return {"workspaces": workspaces, "alone": _quantiles(alone), "together": _quantiles(together)}


def _quantiles(times):
    return {"p50_ms": times[len(times) // 2], "p99_ms": times[min(len(times) - 1, int(len(times) * 0.99))]}


def measure(state, is_quick):
    return [look(state, workspaces) for workspaces in ((10, 30) if is_quick else (FEW, MANY))]


def report(looks):
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
          growth <= GROWTH)]
    return [table], goals
