"""Allocations per call and per streamed message, counted by count.c and compared with a threshold file.

  allocations.py SHIM ECHO FOLDER RESULTS

SHIM is count.c compiled as a shared object, ECHO is steward-echo, FOLDER has its certificates. RESULTS is the JSON file of the
benchmark page. ../thresholds.py says which file has the most that is allowed; ends with 1 when a count is above it.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "ThinClientTests"))
sys.dont_write_bytecode = True
import thresholds  # noqa: E402
from page import Table, write_part  # noqa: E402
from processes import AllocationCounter, start_server, stop  # noqa: E402
from thin_client import Client, describe, field  # noqa: E402

SERVER_NAME = "server.steward.internal"
ECHO = "steward.bench.v1.EchoService/Echo"
DETAIL = field(1, "k" * 8) + field(2, "v" * 52)
ENTRY = field(1, "k" * 8) + field(2, b"v" * 52)
CALLS = 5000
# Messages in one call of Repeat, as StreamMethods.swift has it, and of Upload. Those of Upload fit into the credit of a call.
REPEATS = 1000
STREAMS = 5


class Counted:
    """A server whose allocations are counted."""

    def __init__(self, shim, folder, echo, *arguments):
        environment = {"LD_PRELOAD": shim, "ALLOCATIONS_FOLDER": folder}
        self.process, self.port = start_server(echo, *arguments, environment=environment)
        self.counter = AllocationCounter(folder, self.process.pid)


def call(client, method, requests):
    for kind, value in client.call(method, requests):
        if kind == "status" and value.get(1, [0])[0]:
            raise SystemExit(f"{method}: {describe(value)}")


def per_call(server, folder, method, requests, calls):
    """Allocations of each of so many calls, made one after the other; a tenth of them go before as warm-up."""
    client = Client("127.0.0.1", server.port, os.path.join(folder, "ca.crt"), SERVER_NAME)
    for _ in range(max(calls // 10, 1)):
        call(client, method, requests)
    before = server.counter.count()
    for _ in range(calls):
        call(client, method, requests)
    return (server.counter.count() - before) / calls


def measure(shim, echo, folder):
    servers = [Counted(shim, folder, echo, "serve", folder, "0"), Counted(shim, folder, echo, "serve", folder, "6")]
    behind, port = start_server(echo, "serve-programs", folder, "0")
    servers.append(Counted(shim, folder, echo, "relay", folder, str(port)))
    plain, intercepted, relay = servers
    stream = "steward.bench.v1.StreamService/"
    try:
        return {
            "echo call": per_call(plain, folder, ECHO, [DETAIL], CALLS),
            "echo call, 6 interceptors": per_call(intercepted, folder, ECHO, [DETAIL], CALLS),
            "relayed call": per_call(relay, folder, ECHO, [DETAIL], CALLS),
            "message sent in a stream": per_call(plain, folder, stream + "Repeat", [ENTRY], STREAMS) / REPEATS,
            "message received in a stream":
                per_call(plain, folder, stream + "Upload", [ENTRY] * REPEATS, STREAMS) / REPEATS,
        }
    finally:
        stop(*(server.process for server in servers), behind)


def main(shim, echo, folder, results):
    counts = measure(shim, echo, folder)
    goals = thresholds.goals(counts)
    table = Table("Allocations", ["of", "counted", "allowed"])
    for (name, count), goal in zip(counts.items(), goals):
        table.add(name, f"{count:.2f}", goal[2])
    write_part(results, [table], goals)
    thresholds.check(goals)


if __name__ == "__main__":
    main(*sys.argv[1:])
