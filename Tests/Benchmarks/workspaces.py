"""Workspaces with an admin and one account each, for benchmarks that need many or several."""
import os
import struct
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

from crm import new_request_id

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "ThinClientTests"))
from thin_client import Client, describe, field, fields  # noqa: E402

SERVER_NAME = "gateway.steward.internal"
IDENTITY = "steward.identity.v1."
ACCOUNTS = "steward.customer.v1.AccountService/"
ATTACH = "steward.rpc.v1.SessionService/AttachSession"
# Workspaces made at a time.
PARALLEL = 4
# The most that a workspace can let a user read in a day.
READ_BUDGET_MAX = 1_000_000_000


def answer(client, method, request, request_id=None):
    """The message that the call is answered with; ends the program when it fails."""
    message = b""
    for kind, value in client.call(method, [request], request_id=request_id):
        if kind == "message":
            message = value
        elif value.get(1, [0])[0]:
            raise SystemExit(f"{method}: {describe(value)}")
    return fields(message)


def base32(number):
    """As Sources/Tenancy/TenantSchema.swift has it."""
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[number >> 5 * place & 31] for place in reversed(range(26)))


class Workspace:
    """An admin's session, the schema of the customer service, and the id of an account."""

    def __init__(self, installation, name, tenant_id):
        self.installation, self.name = installation, name
        self.schema = f"t_{base32(uuid.UUID(tenant_id).int)}_cu"
        self.password = installation.text("demo/admin.password")
        client = self.installation.connect()
        request = field(1, name) + field(2, f"admin@{name}.example") + field(3, self.password)
        session = answer(client, IDENTITY + "AuthenticationService/SignIn", request)[1][0]
        self.attach = field(1, fields(session)[1][0])
        answer(client, ATTACH, self.attach)
        created = answer(client, ACCOUNTS + "CreateAccount", field(1, field(10, name)), request_id=name)
        self.account = fields(created[1][0])[1][0].decode()

    def connect(self):
        client = self.installation.connect()
        answer(client, ATTACH, self.attach)
        return client

    def attach_of(self, email):
        """What attaches a connection to a new session of a user who has the admin's password."""
        request = field(1, self.name) + field(2, email) + field(3, self.password)
        session = answer(self.installation.connect(), IDENTITY + "AuthenticationService/SignIn", request)[1][0]
        return field(1, fields(session)[1][0])

    def create_user(self, client, email, role, department=None):
        """A user with a role and the admin's password; gives its id."""
        user = field(10, email) + field(11, email) + (field(12, department) if department else b"") + field(14, role)
        made = answer(client, IDENTITY + "UserService/CreateUser", field(1, user), new_request_id())
        user_id = fields(made[1][0])[1][0].decode()
        answer(client, IDENTITY + "UserService/SetUserPassword", field(1, user_id) + field(2, self.password), new_request_id())
        return user_id


def make(installation, names):
    """Opens the workspaces that are not there, and signs their admins in."""
    password = installation.text("demo/admin.password")
    operator = field(1, "operator@bench.example") + field(2, installation.text("demo/operator.password"))

    def make_some(some):
        client = installation.connect()
        session = answer(client, IDENTITY + "AuthenticationService/SignInOperator", operator)[1][0]
        answer(client, ATTACH, field(1, fields(session)[1][0]))
        made = []
        for name in some:
            request = (field(1, name) + field(2, name) + field(3, f"admin@{name}.example") + field(4, "Admin")
                       + field(5, password))
            tenant = answer(client, IDENTITY + "TenantService/CreateTenant", request, request_id=name)[1][0]
            made.append(Workspace(installation, name, fields(tenant)[1][0].decode()))
        return made

    with ThreadPoolExecutor(PARALLEL) as pool:
        parts = pool.map(make_some, [names[i::PARALLEL] for i in range(PARALLEL)])
    return [workspace for part in parts for workspace in part]


def lift_read_budget(client):
    """Who may not export would else have read what a day allows within seconds of load."""
    request = field(1, field(4, READ_BUDGET_MAX)) + field(2, "read_rows_per_day_max")
    answer(client, IDENTITY + "SettingsService/UpdateSettings", request, new_request_id())


def write_messages(path, messages):
    """A file of messages, each after its length."""
    with open(path, "wb") as file:
        for message in messages:
            file.write(struct.pack(">I", len(message)) + message)
