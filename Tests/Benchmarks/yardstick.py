"""Steward beside a small hand-written service in Go (yardstick/): get, list, create and a mix of accounts, on one cluster,
in turns.

Both have the same accounts, of the same width, in a schema for each of ten tenants; both are called by ceiling/closed.c over
TLS 1.3 with one call in flight on each connection. The Go service has neither rights nor a ledger nor idempotency nor a
second hop, and four indexes; Steward has all of them.
"""
import hashlib
import http.client
import json
import os
import random
import re
import secrets
import ssl
import statistics
import struct
import subprocess
import uuid

import workspaces
from load import Load
from page import Table
from processes import cpu_seconds, start_server, stop
from workspaces import ACCOUNTS, ATTACH, SERVER_NAME, answer, field

FORMS = ["get", "list", "create", "mix"]
MIX = (0.7, 0.2, 0.1)  # of get, list, create
CONNECTIONS = [1, 16, 64]
OWNERS = 20  # of the accounts of a tenant; the admin is one of them
PAGE_SIZE = 50
REQUESTS = 2_000  # different ones of a session
CPU_GOALS = {"get": 0.80, "list": 0.60, "create": 1.10, "mix": 0.80}
RATE_GOAL = 0.85
CPU_CONNECTIONS = 16

DESCRIPTION = "Met at the fair in spring; wants an offer for the second half of the year and a visit of the technician before."
TEXTS = {"display_name": (10, "Benchmark Ltd"), "industry": (12, "Machine tools"), "phone": (13, "+49 30 1234567"),
         "email": (14, "office@benchmark.example"), "website": (15, "https://www.benchmark.example"),
         "street": (17, "Lange Strasse 12"), "city": (18, "Berlin"), "region": (19, "Berlin"),
         "postal_code": (20, "10115"), "country_code": (21, "DE"), "description": (25, DESCRIPTION)}
REVENUE, FOLLOW_UP = 125_000_00, 1_800_000_000  # in cents of EUR; in seconds since 1970


class Tenant:
    """One tenant on both sides: ids of its accounts and of its owners, and what stands for its session."""

    def __init__(self, workspace, number):
        self.workspace, self.schema = workspace, f"yardstick_{number}"
        self.token = secrets.token_urlsafe(32)
        admin = psql(workspace.installation, f"SELECT owner_id FROM {workspace.schema}.accounts LIMIT 1").strip()
        self.owners = [admin] + [str(uuid.uuid4()) for _ in range(OWNERS - 1)]
        self.accounts = []

    def fill(self, count):
        """The same rows on both sides; the columns are Steward's."""
        ours, theirs = f"{self.workspace.schema}.accounts", f"{self.schema}.accounts"
        texts = ", ".join(TEXTS)
        values = ", ".join("'%s'" % value for _, value in TEXTS.values())
        psql(self.workspace.installation, f"""
            INSERT INTO {ours} (id, version, created_at, updated_at, owner_id, department_id, external_id, tax_id,
                annual_revenue_minor, annual_revenue_currency, follow_up_at, {texts})
            SELECT gen_random_uuid(), 1, made, made, ('{{{",".join(self.owners)}}}'::uuid[])[1 + n % {OWNERS}],
                a.department_id, 'E-' || n, 'DE' || 100000000 + n, {REVENUE}, 'EUR', to_timestamp({FOLLOW_UP}), {values}
            FROM {ours} a, generate_series(1, {count}) n, LATERAL (SELECT now() - n * interval '1 minute' AS made) m;
            CREATE SCHEMA {self.schema} AUTHORIZATION yardstick;
            CREATE TABLE {theirs} (LIKE {ours} INCLUDING CONSTRAINTS, PRIMARY KEY (id),
                FOREIGN KEY (parent_account_id) REFERENCES {theirs} (id));
            CREATE UNIQUE INDEX ON {theirs} (external_id) WHERE deleted_at IS NULL;
            CREATE UNIQUE INDEX ON {theirs} (tax_id) WHERE deleted_at IS NULL;
            CREATE INDEX ON {theirs} (owner_id, created_at, id);
            INSERT INTO {theirs} SELECT * FROM {ours};
            ALTER TABLE {theirs} OWNER TO yardstick;
            INSERT INTO yardstick.sessions VALUES ('\\x{hashlib.sha256(self.token.encode()).hexdigest()}',
                '{self.owners[0]}', '{self.schema}');
            """)
        self.accounts = psql(
            self.workspace.installation,
            f"SELECT id FROM {ours} ORDER BY id LIMIT {REQUESTS * 4}").split()


class Steward:
    name, protocol = "Steward", "steward"

    def __init__(self, installation):
        self.installation, self.port, self.cpu = installation, installation.port, installation.cpu

    def first(self, tenant):
        return frame(ATTACH, tenant.workspace.attach)

    def get(self, _, account):
        return frame(ACCOUNTS + "GetAccount", field(1, account))

    def list(self, _, owner):
        equal = field(1, "owner_id") + field(2, 1) + field(3, field(1, owner))
        return frame(ACCOUNTS + "ListAccounts", field(1, field(4, equal)) + field(4, PAGE_SIZE))

    def create(self, _):
        account = b"".join(field(number, value) for number, value in TEXTS.values())
        account += field(22, field(1, "EUR") + field(2, REVENUE)) + field(24, field(1, FOLLOW_UP))
        return frame(ACCOUNTS + "CreateAccount", field(1, account), request_id="." * 32)

    def listed(self, tenant, owner):
        """Ids of the accounts that a list gives."""
        request = field(2, f'owner_id = "{owner}"') + field(4, PAGE_SIZE)
        page = answer(tenant.workspace.connect(), ACCOUNTS + "ListAccounts", request)
        return [workspaces.fields(account)[1][0].decode() for account in page[1]]


def frame(method, payload, request_id=None):
    """A frame without its length and call id."""
    start = field(1, method) + field(2, 30_000) + (field(3, request_id) if request_id else b"")
    return field(2, start) + field(4, payload) + field(6, 1)


class Yardstick:
    name, protocol = "yardstick", "http"

    def __init__(self, installation, process, port):
        self.installation, self.process, self.port = installation, process, port

    def cpu(self):
        return {"yardstick": cpu_seconds(self.process.pid), "PostgreSQL": self.installation.cpu()["PostgreSQL"]}

    def first(self, tenant):
        return self.get(tenant, tenant.accounts[0])

    def get(self, tenant, account):
        return http_request("GET", f"/accounts/{account}", tenant)

    def list(self, tenant, owner):
        return http_request("GET", f"/accounts?owner_id={owner}", tenant)

    def create(self, tenant):
        account = {name: value for name, (_, value) in TEXTS.items()}
        account |= {"annual_revenue_minor": REVENUE, "annual_revenue_currency": "EUR", "follow_up_at": "2027-01-15T08:00:00Z"}
        return http_request("POST", "/accounts", tenant, json.dumps(account))

    def listed(self, tenant, owner):
        context = ssl.create_default_context(cafile=self.installation.trust_roots)
        context.check_hostname = False  # the address is the loopback's; closed.c checks the name
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context)
        connection.request("GET", f"/accounts?owner_id={owner}", headers={"Authorization": f"Bearer {tenant.token}"})
        return [account["id"] for account in json.load(connection.getresponse())["accounts"]]


def http_request(method, path, tenant, body=""):
    head = f"{method} {path} HTTP/1.1\r\nHost: {SERVER_NAME}\r\nAuthorization: Bearer {tenant.token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode()


def psql(installation, sql):
    return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", installation.text("superuser-dsn")], input=sql,
                          check=True, text=True, capture_output=True).stdout


def open_login(installation):
    """Gives the yardstick a login and a table of sessions; returns the DSN."""
    password = secrets.token_urlsafe(24)
    psql(installation, f"""
        CREATE ROLE yardstick LOGIN PASSWORD '{password}';
        GRANT CONNECT ON DATABASE steward TO yardstick;
        CREATE SCHEMA yardstick AUTHORIZATION yardstick;
        CREATE TABLE yardstick.sessions (token_sha256 bytea PRIMARY KEY, user_id uuid NOT NULL, schema text NOT NULL);
        ALTER TABLE yardstick.sessions OWNER TO yardstick;
        """)
    passfile = os.path.join(installation.state, "secrets/yardstick.pgpass")
    with open(os.open(passfile, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"*:*:*:yardstick:{password}\n")
    dsn = re.sub(r"user=\S+", "user=yardstick", installation.text("superuser-dsn"))
    return re.sub(r"passfile='[^']*'", f"passfile='{passfile}'", dsn)


def request(side, form, tenant, draw):
    if form == "mix":
        form = draw.choices(FORMS[:3], MIX)[0]
    if form == "get":
        return side.get(tenant, draw.choice(tenant.accounts))
    return side.list(tenant, draw.choice(tenant.owners)) if form == "list" else side.create(tenant)


def write_sessions(path, side, form, tenants):
    """What closed.c reads. Both sides get the same requests in the same order."""
    draw = random.Random(form)
    with open(path, "wb") as file:
        for tenant in tenants:
            for data in [side.first(tenant), *(request(side, form, tenant, draw) for _ in range(REQUESTS)), b""]:
                file.write(struct.pack(">I", len(data)) + data)


def load(side, form, tools, folder, tenants):
    path = os.path.join(folder, f"sessions-{side.protocol}-{form}")
    write_sessions(path, side, form, tenants)
    return Load([f"{tools}/closed", side.protocol, str(side.port), side.installation.trust_roots, SERVER_NAME, path])


def check(sides, tenants):
    """Both sides give the same accounts in the same order."""
    for tenant in tenants:
        first, second = (side.listed(tenant, tenant.owners[1]) for side in sides)
        if first != second or not first:
            raise SystemExit(f"the two sides list different accounts: {first} and {second}")


def measure(installation, tools, folder, is_quick):
    tenant_count, account_count, rounds, seconds = (2, 1_000, 1, 0.3) if is_quick else (10, 10_000, 3, 2)
    made = workspaces.make(installation, [f"yard-{number}" for number in range(tenant_count)])
    dsn = open_login(installation)
    # Else one side pays for the sweeping after the other.
    psql(installation, "ALTER SYSTEM SET autovacuum = off; SELECT pg_reload_conf()")
    tenants = [Tenant(workspace, number) for number, workspace in enumerate(made)]
    for tenant in tenants:
        tenant.fill(account_count)
    psql(installation, "VACUUM ANALYZE; CHECKPOINT")
    pki = os.path.join(installation.state, "pki/gateway")
    process, port = start_server(f"{tools}/yardstick", dsn, f"{pki}.crt", f"{pki}.key")
    try:
        sides = [Steward(installation), Yardstick(installation, process, port)]
        check(sides, tenants)
        return [row for form in FORMS
                for row in measure_form(form, [(side, load(side, form, tools, folder, tenants)) for side in sides],
                                        rounds, seconds)]
    finally:
        stop(process)


def measure_form(form, loads, rounds, seconds):
    """Rows of both sides for each number of connections; a row is the median of its rounds."""
    for connections in CONNECTIONS:
        taken = {side.name: [] for side, _ in loads}
        for _ in range(rounds):
            for side, calls in loads:
                taken[side.name].append(calls.run((connections,), seconds, side.cpu))
        for name, results in taken.items():
            yield {"form": form, "connections": connections, "side": name, **medians(results), "rounds": results}


def medians(results):
    def median(of):
        return statistics.median(of(result) for result in results)

    return {
        "per_second": median(lambda r: r["calls"] / r["seconds"]), "p50_us": median(lambda r: r["p50_us"]),
        "p99_us": median(lambda r: r["p99_us"]),
        "total_us": median(lambda r: sum(r["cpu"].values()) / r["calls"] * 1e6),
        "cpu_us": {part: median(lambda r: r["cpu"][part] / r["calls"] * 1e6) for part in results[0]["cpu"]},
    }


def servers(cpu):
    """CPU outside PostgreSQL as text: of the gateway, of the customer service and of the others, or of the Go program."""
    if "yardstick" in cpu:
        return f"{cpu['yardstick']:.0f}"
    others = sum(cpu[name] for name in ("identity", "sales", "provisioner"))
    return f"{cpu['gateway']:.0f} + {cpu['customer']:.0f} + {others:.0f}"


def report(rows):
    table = Table("Accounts beside a hand-written service in Go, one call in flight on each connection; CPU in µs per call",
                  ["form, connections", "side", "calls/s", "p50 ms", "p99 ms", "servers", "PostgreSQL", "CPU in all",
                   "calls/s ÷", "p99 ÷", "CPU ÷"])
    cpu_goals, rate_goals, tail_goals = [], [], []
    for ours, theirs in zip(rows[::2], rows[1::2]):
        form, connections = ours["form"], ours["connections"]
        rate, tail, cpu = (ours[key] / theirs[key] for key in ("per_second", "p99_us", "total_us"))
        for r, ratios in (theirs, ["", "", ""]), (ours, [f"{rate:.2f}", f"{tail:.2f}", f"{cpu:.2f}"]):
            table.add(f"{form}, {connections}", r["side"], f"{r['per_second']:.0f}", f"{r['p50_us'] / 1000:.2f}",
                      f"{r['p99_us'] / 1000:.2f}", servers(r["cpu_us"]), f"{r['cpu_us']['PostgreSQL']:.0f}",
                      f"{r['total_us']:.0f}", *ratios)
        if connections == CPU_CONNECTIONS:
            limit = CPU_GOALS[form]
            cpu_goals.append((f"{form}, {connections} connections: CPU ÷ yardstick", f"{cpu:.2f}", f"≤ {limit:.2f}",
                              cpu <= limit))
        if connections == 1:
            rate_goals.append((f"{form}, 1 connection: calls/s ÷ yardstick", f"{rate:.2f}", f"≥ {RATE_GOAL}",
                               rate >= RATE_GOAL))
        else:
            tail_goals.append((f"{form}, {connections} connections: p99 ÷ yardstick", f"{tail:.2f}", "< 1", tail < 1))
    return [table], cpu_goals + rate_goals + tail_goals
