"""What rights cost a list: the first accounts, and activities, by time, for a user with 500 of 20,000 departments with whom 10,000 accounts are shared
and whose activities follow these by a sharing rule, against one who sees all."""
import os
import time

import workspaces
from crm import new_request_id
from load import call_load
from page import Table
from thin_client import fields
from workspaces import IDENTITY, SERVER_NAME, answer, field

ROWS, QUICK_ROWS = 1_000_000, 20_000
DEPARTMENTS, SEEN = 20_000, 500
# Every so manyth account is shared with the user: 10,000 of a million.
SHARED = 100
ROUNDS = 5
GOAL = 1.15
SUBTREE, READ = 3, 1
READER_EMAIL = "reader@sharing.example"
METHODS = {"accounts": "steward.customer.v1.AccountService/ListAccounts", "activities": "steward.customer.v1.ActivityService/ListActivities"}


def make_departments(installation, schema):
    """The first one has others below it, as many as the user is to see; the rest is beside it. Gives its id."""
    installation.psql(
        f"INSERT INTO {schema}.departments (id, version, created_at, updated_at, display_name, parent_department_id) "
        f"SELECT {department('n')}, 1, now(), now(), 'D' || n, CASE WHEN n BETWEEN 1 AND {SEEN - 1} THEN {department('0')} END "
        f"FROM generate_series(0, {DEPARTMENTS - 1}) AS n")
    return installation.psql(f"SELECT {department('0')}").strip()


def department(number):
    return f"('00000000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def make_role(client):
    """The id of a role by which somebody reads what is of the department, and below."""
    grants = b"".join(field(12, field(1, kind) + field(2, "read") + field(3, SUBTREE)) for kind in ("account", "activity"))
    return created(client, "RoleService/CreateRole", field(10, "Reader of a department") + grants)


def created(client, method, record):
    return fields(answer(client, IDENTITY + method, field(1, record), new_request_id())[1][0])[1][0].decode()


def make_rule(installation, client, schema):
    """Activities follow their accounts. Gives the selection that they bear, once the service knows of it."""
    rule = answer(client, IDENTITY + "SharingRuleService/CreateSharingRule",
                  field(1, field(10, "Activities of accounts") + field(12, "activity") + field(14, READ) + field(21, "account")), new_request_id())
    selection = fields(rule[1][0])[20][0].decode()
    end = time.monotonic() + 60
    query = f"SELECT count(*) FROM {schema}.sharing_places WHERE object = 'activity' AND looked_to IS NULL AND '{selection}' = ANY (selection_ids)"
    while installation.psql(query).strip() != "1":
        if time.monotonic() > end:
            raise SystemExit("the customer service does not know of the rule")
        time.sleep(0.1)
    return selection


def fill(installation, schema, count, user, selection):
    """An activity of each account, of the same department, bearing what the service would have it bear."""
    owner = f"(SELECT owner_id FROM {schema}.accounts LIMIT 1)"
    unit = department(f"(n::bigint * 48271) % {DEPARTMENTS}")
    share = f"jsonb_build_array(jsonb_build_object('user_id', '{user}', 'access', {READ}))"
    installation.psql(
        f"INSERT INTO {schema}.accounts (id, version, created_at, updated_at, owner_id, department_id, display_name, shares) "
        f"SELECT md5('account ' || n)::uuid, 1, now() - n * interval '1 s', now(), {owner}, {unit}, 'Account ' || n, "
        f"CASE WHEN n % {SHARED} = 0 THEN {share} END FROM generate_series(1, {count}) AS n")
    installation.psql(
        f"INSERT INTO {schema}.activities (id, version, created_at, updated_at, owner_id, department_id, kind, subject, occur_at, account_id, "
        f"sharing_selection_ids) SELECT md5('activity ' || n)::uuid, 1, now() - n * interval '1 s', now(), {owner}, {unit}, 1, 'Call ' || n, now(), "
        f"md5('account ' || n)::uuid, CASE WHEN n % {SHARED} = 0 THEN ARRAY['{selection}', '{user}']::uuid[] ELSE '{{}}' END "
        f"FROM generate_series(1, {count}) AS n")
    for table in ("accounts", "activities"):
        installation.psql(f"VACUUM (ANALYZE) {schema}.{table}")


def check(installation, attaches, kind):
    """Both are answered with a full page, the user with what he may see; else the measurement means nothing."""
    for attach in attaches.values():
        client = installation.connect()
        answer(client, workspaces.ATTACH, attach)
        page = answer(client, METHODS[kind], field(4, 50))
        if len(page[1]) != 50:
            raise SystemExit(f"{len(page[1])} {kind} on a page of 50")


def measure(installation, tools, folder, seconds, is_quick):
    workspace = workspaces.make(installation, ["sharing"])[0]
    client = workspace.connect()
    workspaces.lift_read_budget(client)
    identity = workspace.schema[:-2] + "id"
    user = workspace.create_user(client, READER_EMAIL, make_role(client), department=make_departments(installation, identity))
    attach = workspace.attach_of(READER_EMAIL)
    selection = make_rule(installation, client, workspace.schema)
    fill(installation, workspace.schema, QUICK_ROWS if is_quick else ROWS, user, selection)
    attaches = {"all": workspace.attach, f"{SEEN} departments, shares": attach}
    rows = []
    for kind, method in METHODS.items():
        check(installation, attaches, kind)
        payloads = os.path.join(folder, f"sharing-{kind}")
        workspaces.write_messages(payloads, [field(4, 50)])
        runs = {side: [] for side in attaches}
        for _ in range(1 if is_quick else ROUNDS):
            for side, message in attaches.items():
                path = os.path.join(folder, "attach-sharing")
                with open(path, "wb") as file:
                    file.write(message)
                load = call_load(f"{tools}/load", installation.port, installation.trust_roots, SERVER_NAME, method, payloads, path, False)
                runs[side].append(load.run((4, 2), seconds, installation.cpu))
        rows += [{"kind": kind, "side": side, **summary(results)} for side, results in runs.items()]
    return rows


def summary(results):
    """The middle one of the rounds, by its p99."""
    result = sorted(results, key=lambda one: one["p99_us"])[len(results) // 2]
    return {"per_second": result["calls"] / result["seconds"], "p50_us": result["p50_us"], "p99_us": result["p99_us"],
            "postgres_us": result["cpu"]["PostgreSQL"] / result["calls"] * 1e6}


def report(rows, is_quick):
    count = QUICK_ROWS if is_quick else ROWS
    table = Table(f"The first 50 of {count:,} by time, 8 calls in flight; {count // SHARED:,} accounts are shared with the user",
                  ["list of", "seen", "calls/s", "p50 ms", "p99 ms", "PostgreSQL µs/call"])
    for r in rows:
        table.add(r["kind"], r["side"], f"{r['per_second']:.0f}", f"{r['p50_us'] / 1000:.2f}", f"{r['p99_us'] / 1000:.2f}",
                  f"{r['postgres_us']:.0f}")
    goals = []
    for kind in METHODS:
        first, second = (r for r in rows if r["kind"] == kind)
        ratio = second["p99_us"] / first["p99_us"]
        goals.append((f"p99 of a list of {kind} by rights, against all", f"{ratio:.2f}", f"≤ {GOAL}", ratio <= GOAL))
    return [table], goals
