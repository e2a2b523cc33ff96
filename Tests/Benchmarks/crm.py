"""GetAccount and CreateAccount through gateway, customer service and PostgreSQL, beside pgbench with the same
transactions."""
import os
import re
import struct
import subprocess
import sys
import time
import uuid

import thresholds
from load import call_load
from page import Table
from processes import PROGRAMS, AllocationCounter, cpu_seconds, tree_cpu_seconds

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "ThinClientTests"))
from thin_client import Client, describe, field, fields  # noqa: E402

SERVER_NAME = "gateway.steward.internal"
SERVICE = "steward.customer.v1.AccountService/"
# connections × calls in flight on each
SHAPES = [(16, 4), (1, 1)]
# Calls one after the other, for counting allocations.
COUNTED_CALLS = 500
LIST_PAGE = 50
PGBENCH_CLIENTS = 8  # as many connections as the customer service has


class Installation:
    """What lib.sh has started: addresses, processes, and an admin's session."""

    def __init__(self, state):
        self.state = state
        self.port = int(self.text("etc/port-base"))
        self.trust_roots = os.path.join(state, "pki/ca.crt")
        self.pids = {name: int(self.text(f"run/{name}.pid")) for name in PROGRAMS}
        self.postmaster = int(open(os.path.join(self.text("cluster"), "data/postmaster.pid")).readline())
        self.client = self.connect()
        sign_in = field(1, "bench") + field(2, "admin@bench.example") + field(3, self.text("demo/admin.password"))
        session = fields(self.call("steward.identity.v1.AuthenticationService/SignIn", sign_in))[1][0]
        self.attach = field(1, fields(session)[1][0])
        self.call("steward.rpc.v1.SessionService/AttachSession", self.attach)

    def connect(self):
        return Client("127.0.0.1", self.port, self.trust_roots, SERVER_NAME)

    def text(self, name):
        with open(os.path.join(self.state, name)) as file:
            return file.read().strip()

    def call(self, method, request, request_id=None):
        for kind, value in self.client.call(method, [request], request_id=request_id):
            if kind == "message":
                answer = value
            elif value.get(1, [0])[0]:
                raise SystemExit(f"{method}: {describe(value)}")
        return answer

    def cpu(self):
        used = {name: cpu_seconds(pid) for name, pid in self.pids.items()}
        used["PostgreSQL"] = tree_cpu_seconds(self.postmaster)
        return used

    def allocations(self, method, request, has_ids):
        """Allocations of each program per call, made one after the other."""
        counters = {name: AllocationCounter(self.text("allocations"), pid) for name, pid in self.pids.items()}
        for calls in (COUNTED_CALLS // 5, COUNTED_CALLS):  # the first as warm-up
            before = {name: counter.count() for name, counter in counters.items()}
            for _ in range(calls):
                self.call(method, request, new_request_id() if has_ids else None)
        return {name: (counter.count() - before[name]) / COUNTED_CALLS for name, counter in counters.items()}

    def psql(self, sql):
        done = subprocess.run(["psql", "-XAtq", self.text("superuser-dsn"), "-c", sql], text=True, capture_output=True)
        if done.returncode:
            raise SystemExit(f"psql: {done.stderr.strip()}")
        return done.stdout


def create_request():
    """Its display_name need not be unique, so the same request can be sent again under a new request id."""
    return field(1, field(10, "Benchmark Ltd"))


def new_request_id():
    """Begins so that it is recognised in PostgreSQL's log."""
    return f"bench-{uuid.uuid4()}"


def transcript(installation, method, request, has_ids):
    """What one call does to PostgreSQL, read from its log: [(SQL, {number of the parameter: its value as SQL})]."""
    installation.call(method, request)  # so that what a first call prepares is there
    with _statements_logged(installation) as log:
        installation.call(method, request, new_request_id() if has_ids else None)
    found = []
    for entry in re.split(r"\n(?=\d{4}-\d\d-\d\d )", log.text()):
        if "steward_customer_0@" not in entry:
            continue
        if match := re.search(r"LOG:  (?:execute [^:]+|statement): (.*)", entry, re.S):
            found.append((match.group(1).replace("\n\t", "\n").strip(), {}))
        elif match := re.search(r"DETAIL:  parameters: (.*)", entry, re.S):
            values = re.findall(r"\$(\d+) = ('(?:[^']|'')*'|NULL)", match.group(1))
            found[-1][1].update({int(number): value for number, value in values})
    return found


def let_values_be_logged(installation):
    """Takes away what keeps values of records out of PostgreSQL's log, here where the records are made up, and has the customer
    service connect anew, since sessions keep the settings that they began with."""
    for name, value in ("log_parameter_max_length", "-1"), ("log_error_verbosity", "default"):
        installation.psql(f"ALTER ROLE steward_customer_0 RESET {name}")
        installation.psql(f"ALTER SYSTEM SET {name} = '{value}'")
    installation.psql("SELECT pg_reload_conf()")
    installation.psql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'steward_customer_0'")


class _statements_logged:
    """While it is open, PostgreSQL writes all statements to its log."""

    def __init__(self, installation):
        self.installation = installation
        self.path = os.path.join(installation.text("cluster"), "postgres.log")

    def __enter__(self):
        self.start = os.path.getsize(self.path)
        self._set("ALTER SYSTEM SET log_statement = 'all'", 'parameter "log_statement" changed to "all"')
        return self

    def __exit__(self, *_):
        self._set("ALTER SYSTEM RESET log_statement", 'parameter "log_statement" changed to "none"')

    def text(self):
        with open(self.path) as file:
            file.seek(self.start)
            return file.read()

    def _set(self, sql, sign):
        self.installation.psql(sql)
        self.installation.psql("SELECT pg_reload_conf()")
        while sign not in self.text():
            time.sleep(0.01)


UUID = re.compile(r"'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'$")


def pgbench_script(first, second):
    """Two transcripts of one method as a script and its variables. Ids that differ between the two are made by the
    call: the script makes new ones each time, so that it can be run over and over. All else stays as it was in the
    second."""
    lines, variables = [], {}
    for (_, before), (sql, values) in zip(first, second, strict=True):
        for number in sorted(values, reverse=True):
            value = values[number]
            name = f"v{len(variables)}"
            put = value
            if before.get(number) != value and UUID.match(value):
                put = "gen_random_uuid()"
            elif before.get(number) != value and value.startswith("'bench-"):
                put = "'bench-' || gen_random_uuid()"
            elif before.get(number) == value and len(value) > 2 and value != "NULL":
                put = f":{name}"
                variables[name] = value[1:-1].replace("''", "'")
            sql = re.sub(rf"\${number}(?!\d)", lambda _: put, sql)
        lines.append(sql.rstrip(";") + ";")
    return "\n".join(lines) + "\n", variables


def pgbench(installation, folder, name, method, request, has_ids, seconds):
    script, variables = pgbench_script(*(transcript(installation, method, request, has_ids) for _ in range(2)))
    # As the service does, a session keeps the tenant's role (D49).
    role = re.search(r"\bt_[a-z2-7]{26}_cu\b", script)[0]
    path = os.path.join(folder, f"{name}.sql")
    with open(path, "w") as file:
        file.write(script)
    defines = [word for key, value in variables.items() for word in ("-D", f"{key}={value}")]
    command = ["pgbench", "-M", "prepared", "-n", "-f", path, "-j", "1", "-T", str(max(round(seconds), 1)), *defines]
    results = {}
    for clients in (PGBENCH_CLIENTS, 1):
        before = installation.cpu()["PostgreSQL"]
        run = subprocess.run(
            [*command, "-c", str(clients), installation.text("customer-dsn")], text=True, capture_output=True,
            env={**os.environ, "PGOPTIONS": f"-c role={role}"})
        if run.returncode != 0:
            raise SystemExit(f"pgbench failed on {path}:\n{run.stderr}")
        count = int(re.search(r"transactions actually processed: (\d+)", run.stdout).group(1))
        results[clients] = {
            "per_second": float(re.search(r"tps = ([\d.]+)", run.stdout).group(1)),
            "postgres_us": (installation.cpu()["PostgreSQL"] - before) / count * 1e6,
        }
    return results


def measure(tools, state, folder, seconds):
    """Rows of the table: each method in each shape, with pgbench's figures for about as many connections; and the
    allocations of each method."""
    installation = Installation(state)
    attach = os.path.join(folder, "attach")
    with open(attach, "wb") as file:
        file.write(installation.attach)
    created = fields(fields(installation.call(SERVICE + "CreateAccount", create_request()))[1][0])
    methods = [("GetAccount", field(1, created[1][0]), False), ("CreateAccount", create_request(), True)]
    rows, allocations = [], count_allocations(installation, methods)
    let_values_be_logged(installation)
    for name, request, has_ids in methods:
        beside = pgbench(installation, folder, name, SERVICE + name, request, has_ids, seconds)
        payload = os.path.join(folder, name)
        with open(payload, "wb") as file:
            file.write(struct.pack(">I", len(request)) + request)
        load = call_load(f"{tools}/load", installation.port, installation.trust_roots, SERVER_NAME, SERVICE + name,
                         payload, attach, has_ids)
        for shape in SHAPES:
            result = load.run(shape, seconds, installation.cpu)
            rows.append(_row(name, shape, result, beside[1 if shape == (1, 1) else PGBENCH_CLIENTS]))
    return rows, allocations


def count_allocations(installation, methods):
    """Allocations of each program per call: of the methods, and of a list of as many accounts as a page has."""
    counts = {name: installation.allocations(SERVICE + name, request, has_ids) for name, request, has_ids in methods}
    counts["ListAccounts"] = installation.allocations(SERVICE + "ListAccounts", field(4, LIST_PAGE), False)
    return counts


def _row(name, shape, result, beside):
    calls = result["calls"]
    cpu = {program: used / calls * 1e6 for program, used in result["cpu"].items()}
    outside = sum(cpu[program] for program in PROGRAMS)
    return {
        "method": name, "connections": shape[0], "in_flight": shape[0] * shape[1],
        "per_second": calls / result["seconds"], "p50_us": result["p50_us"], "p99_us": result["p99_us"], "cpu_us": cpu,
        "outside_us": outside, "outside_against_inside": outside / cpu["PostgreSQL"],
        "pgbench_per_second": beside["per_second"], "pgbench_postgres_us": beside["postgres_us"],
        "against_pgbench": calls / result["seconds"] / beside["per_second"],
    }


def report(rows, allocations):
    table = Table("Accounts through gateway, customer service and PostgreSQL; CPU in µs per call",
                  ["method", "in flight", "calls/s", "p50 ms", "p99 ms", "gateway", "customer", "others", "PostgreSQL",
                   "outside/inside", "pgbench/s", "its PostgreSQL", "calls/s ÷ pgbench"])
    for r in rows:
        cpu = r["cpu_us"]
        table.add(r["method"], str(r["in_flight"]), f"{r['per_second']:.0f}", f"{r['p50_us'] / 1000:.2f}",
                  f"{r['p99_us'] / 1000:.2f}", f"{cpu['gateway']:.0f}", f"{cpu['customer']:.0f}",
                  f"{cpu['identity'] + cpu['sales'] + cpu['provisioner']:.0f}", f"{cpu['PostgreSQL']:.0f}",
                  f"{r['outside_against_inside']:.2f}", f"{r['pgbench_per_second']:.0f}",
                  f"{r['pgbench_postgres_us']:.0f}", f"{r['against_pgbench']:.2f}")
    counts = Table("Allocations per call, one call after the other", ["method", "gateway", "customer"])
    for name, count in allocations.items():
        counts.add(name, f"{count['gateway']:.0f}", f"{count['customer']:.0f}")
    get, create = (next(r for r in rows if r["method"] == name and r["in_flight"] > 1)
                   for name in ("GetAccount", "CreateAccount"))
    goals = [
        ("GetAccount: CPU outside / inside PostgreSQL", f"{get['outside_against_inside']:.2f}", "≤ 0.8",
         get["outside_against_inside"] <= 0.8),
        ("CreateAccount: calls per second against pgbench", f"{create['against_pgbench'] * 100:.0f} %", "≥ 85 %",
         create["against_pgbench"] >= 0.85),
    ]
    goals += thresholds.goals({f"{method}, {program}": count[program] for method, count in allocations.items()
                               for program in ("gateway", "customer")})
    return [table, counts], goals
