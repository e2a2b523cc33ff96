"""Signs in, lists accounts and follows the health of the installation: what a program with steward_client.py looks like.

    example.py HOST PORT CA.pem WORKSPACE EMAIL [FIELD] < PASSWORD-FILE

Prints a line for each account, and one for each state of the stream until the installation serves. FIELD is the name of a whole number that the
workspace has added to accounts: each account counts one more in it. Before, from the project's folder:

    protoc -I proto --python_out=generated proto/steward/*/v1/*.proto
    export PYTHONPATH=generated:Tests/ThinClientTests/python
"""
import sys

from steward.customer.v1 import account_service_pb2 as accounts
from steward.identity.v1 import authentication_service_pb2 as authentication
from steward.rpc.v1 import health_service_pb2 as health
from steward.rpc.v1 import session_service_pb2 as sessions

from custom_fields import CustomFields
from steward_client import Client, RPCError


def sign_in(client, workspace, email, password):
    """Opens a session and makes all further calls of the connection in its name."""
    request = authentication.SignInRequest(workspace=workspace, email=email, password=password)
    session = client.unary(
        "steward.identity.v1.AuthenticationService/SignIn", request, authentication.SignInResponse, timeout=10).session
    return client.unary(
        "steward.rpc.v1.SessionService/AttachSession", sessions.AttachSessionRequest(session_handle=session.session_handle),
        sessions.AttachSessionResponse, timeout=10)


def list_accounts(client, page_size):
    """All accounts, page by page."""
    request = accounts.ListAccountsRequest(page_size=page_size)
    while True:
        page = client.unary(
            "steward.customer.v1.AccountService/ListAccounts", request, accounts.ListAccountsResponse, timeout=10)
        yield from page.accounts
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def count_up(client, account, name):
    """One more in a field that the workspace has added. Somebody else who changed it meanwhile is not overwritten: the version says so."""
    request = accounts.UpdateAccountRequest(account=accounts.Account(id=account.id, version=account.version))
    fields = CustomFields(request.account)
    fields[name] = CustomFields(account).get(name, 0) + 1
    request.update_mask.extend(fields.mask)
    changed = client.unary(
        "steward.customer.v1.AccountService/UpdateAccount", request, accounts.UpdateAccountResponse, timeout=10).account
    return CustomFields(changed)[name]


def watch_health(client):
    """The present state of the gateway and each change of it, until it serves."""
    stream = client.stream("steward.rpc.v1.HealthService/WatchHealth", health.WatchHealthRequest(), health.WatchHealthResponse)
    for response in stream:
        yield health.HealthState.Name(response.state)
        if response.state == health.HEALTH_STATE_SERVING:
            return stream.cancel("enough")


def main(host, port, trust_root, workspace, email, field=None):
    client = Client(host, int(port), trust_root)
    try:
        me = sign_in(client, workspace, email, sys.stdin.readline().rstrip("\n"))
        print("signed in to", me.workspace)
        for account in list_accounts(client, page_size=2):
            print("account", account.display_name, *([field, count_up(client, account, field)] if field else []))
        for state in watch_health(client):
            print("health", state)
    except RPCError as error:
        print(error)
        return 1
    finally:
        client.close()
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (6, 7):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
