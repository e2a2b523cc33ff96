"""Fields that workspaces have added: lists by one that is indexed against lists by a field that all workspaces have, accounts made with and without
values of them, and what a model of its own costs in memory for each workspace."""
import os
import time

import workspaces
from crm import new_request_id
from load import call_load
from page import Table
from processes import resident_bytes
from workspaces import ACCOUNTS, IDENTITY, SERVER_NAME, answer, field

ROWS, QUICK_ROWS = 1_000_000, 10_000
# Rows with the same value.
SAME = 5
FIELDS = 20
TENANTS, QUICK_TENANTS = 1_000, 10
LIST_GOAL, CREATE_GOAL, BYTES_GOAL = 1.2, 1.25, 50 << 10
TEXT, WHOLE_NUMBER = 1, 3
ROUNDS = 3


def definition(name, kind, indexed=False):
    return (field(10, "account") + field(11, name) + field(12, kind) + field(13, name)
            + (field(32, 1) if indexed else b""))


def define(client, definitions):
    """Applies a model that has these fields."""
    model = b"".join(field(2, one) for one in definitions)
    answer(client, IDENTITY + "WorkspaceModelService/ApplyWorkspaceModel", field(1, model), new_request_id())


def fill(installation, schema, count):
    """Accounts of which display_name, and the first field that was added, have the same values: each occurs SAME times."""
    number = installation.psql(f"SELECT number FROM {schema[:-2]}id.field_definitions WHERE name = 'code'").strip()
    installation.psql(
        f"INSERT INTO {schema}.accounts (id, version, created_at, updated_at, owner_id, display_name, custom) "
        f"SELECT gen_random_uuid(), 1, now() - n * interval '1 s', now(), (SELECT owner_id FROM {schema}.accounts LIMIT 1), "
        f"'v' || n % {count // SAME}, jsonb_build_object('custom.{number}', 'v' || n % {count // SAME}) "
        f"FROM generate_series(1, {count}) AS n")
    return number


def await_index(installation, schema, number, seconds=1800):
    end = time.monotonic() + seconds
    query = f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{schema}.custom_{number}_idx')"
    while installation.psql(query).strip() != "t":
        if time.monotonic() > end:
            raise SystemExit("the index was not made")
        time.sleep(0.2)


def list_requests(path, count):
    return [field(2, f'{path} = "v{number * 7919 % (count // SAME)}"') + field(4, 50) for number in range(1_000)]


def order_requests(path):
    return [field(3, path) + field(4, 50)]


def create_requests(names):
    """The first is a text, the others are as measure defines them."""
    values = b"".join(
        field(9, field(1, name) + (field(2, f"value {number}") if number % 2 or not number else field(3, number)))
        for number, name in enumerate(names))
    return [field(1, values + field(10, "Benchmark Ltd"))]


def run(installation, tools, folder, attach, name, method, requests, seconds, has_ids):
    payloads = os.path.join(folder, name)
    workspaces.write_messages(payloads, requests)
    load = call_load(f"{tools}/load", installation.port, installation.trust_roots, SERVER_NAME, ACCOUNTS + method, payloads, attach, has_ids)
    result = load.run((4, 2), seconds, installation.cpu)
    return {"per_second": result["calls"] / result["seconds"], "p50_us": result["p50_us"], "p99_us": result["p99_us"],
            "postgres_us": result["cpu"]["PostgreSQL"] / result["calls"] * 1e6}


def measure(installation, tools, folder, seconds, is_quick):
    count = QUICK_ROWS if is_quick else ROWS
    workspace = workspaces.make(installation, ["fields"])[0]
    client = workspace.connect()
    names = ["code"] + [f"extra_{number}" for number in range(1, FIELDS)]
    define(client, [definition("code", TEXT)] + [definition(name, TEXT if number % 2 else WHOLE_NUMBER)
                                                 for number, name in enumerate(names) if number])
    number = fill(installation, workspace.schema, count)
    begun = time.monotonic()
    define(client, [definition("code", TEXT, indexed=True)])
    await_index(installation, workspace.schema, number)
    indexed_in = time.monotonic() - begun
    installation.psql(f"VACUUM (ANALYZE) {workspace.schema}.accounts")
    attach = os.path.join(folder, "attach-fields")
    with open(attach, "wb") as file:
        file.write(workspace.attach)
    cases = {
        "filter": ("ListAccounts", {"built in": list_requests("display_name", count), "added": list_requests("custom.code", count)}, False),
        "order": ("ListAccounts", {"built in": order_requests("display_name"), "added": order_requests("custom.code")}, False),
        "create": ("CreateAccount", {"without values": create_requests([]), f"{FIELDS} values": create_requests(names)}, True),
    }
    rows = []
    for case, (method, sides, has_ids) in cases.items():
        best = {}
        for _ in range(1 if is_quick else ROUNDS):
            for side, requests in sides.items():
                result = run(installation, tools, folder, attach, f"{case}-payloads", method, requests, seconds, has_ids)
                if side not in best or result["per_second"] > best[side]["per_second"]:
                    best[side] = result
        rows += [{"case": case, "side": side, **result} for side, result in best.items()]
    return rows, {"rows": count, "indexed_in": indexed_in}, memory(installation, QUICK_TENANTS if is_quick else TENANTS)


def memory(installation, count):
    """What the customer service has for workspaces in which somebody called, with the product's fields, and with models that differ."""
    # What grows with the first workspaces of all is not theirs.
    call_all(workspaces.make(installation, [f"plain-{number}" for number in range(count)]))
    before = resident_bytes(installation.pids["customer"])
    own = workspaces.make(installation, [f"own-{number}" for number in range(count)])
    call_all(own)
    used = resident_bytes(installation.pids["customer"]) - before
    for number, workspace in enumerate(own):
        define(workspace.connect(), [definition(f"f{number}_{index}", TEXT if index % 2 else WHOLE_NUMBER) for index in range(FIELDS)])
    call_all(own)
    models = resident_bytes(installation.pids["customer"]) - before - used
    return {"tenants": count, "bytes": max(0, used) / count, "with_model": max(0, used + models) / count}


def call_all(some):
    for workspace in some:
        answer(workspace.connect(), ACCOUNTS + "ListAccounts", field(4, 1))


def report(rows, index, told):
    table = Table(f"{index['rows']:,} accounts, 8 calls in flight; the index was made in {index['indexed_in']:.0f} s",
                  ["calls", "with", "calls/s", "p50 ms", "p99 ms", "PostgreSQL µs/call"])
    for r in rows:
        table.add(r["case"], r["side"], f"{r['per_second']:.0f}", f"{r['p50_us'] / 1000:.2f}", f"{r['p99_us'] / 1000:.2f}",
                  f"{r['postgres_us']:.0f}")
    memory_table = Table(f"Memory of the customer service for each of {told['tenants']} more workspaces in which somebody called",
                         ["model", "KiB"])
    memory_table.add("none", f"{told['bytes'] / 1024:.1f}")
    memory_table.add(f"{FIELDS} fields, other ones in each", f"{told['with_model'] / 1024:.1f}")

    def ratio(case):
        first, second = (r for r in rows if r["case"] == case)
        return first["per_second"] / second["per_second"]

    goals = [
        ("List by an added field that is indexed, against a built-in one", f"{ratio('filter'):.2f}", f"≤ {LIST_GOAL}", ratio("filter") <= LIST_GOAL),
        ("List in the order of an added field, against a built-in one", f"{ratio('order'):.2f}", f"≤ {LIST_GOAL}", ratio("order") <= LIST_GOAL),
        (f"Create with {FIELDS} values, against none", f"{ratio('create'):.2f}", f"≤ {CREATE_GOAL}", ratio("create") <= CREATE_GOAL),
        ("Memory for a workspace with a model of its own", f"{told['with_model'] / 1024:.1f} KiB", "≤ 50 KiB", told["with_model"] <= BYTES_GOAL),
    ]
    return [table, memory_table], goals
