"""Server CPU of one echo call: the C ceiling, the real stack, the real stack behind interceptors, a relay, and gRPC C++."""
import os
import statistics
import struct

from load import call_load
from page import Table
from processes import cpu_seconds, start_server, stop

METHOD = "steward.bench.v1.EchoService/Echo"
# connections × calls in flight on each
SHAPES = [(1, 128), (16, 8), (1, 1)]
# (what, which server, calls in flight on one connection, most times the ceiling's CPU)
CEILING_GOALS = [
    ("full stack against the ceiling, 128 in flight", "Steward", 128, 3.0),
    ("full stack against the ceiling, one at a time", "Steward", 1, 1.3),
    ("relay against the ceiling, 128 in flight", "relay", 128, 4.0),
]
INTERCEPTORS = "7"  # as many as a service has (ServiceHost/Interceptors/InterceptorChain.swift)


def write_payload(path):
    """64 bytes of steward.rpc.v1.Detail: key and value."""
    payload = b"\x0a\x08" + b"k" * 8 + b"\x12\x34" + b"v" * 52
    with open(path, "wb") as file:
        file.write(struct.pack(">I", len(payload)) + payload)


class Servers:
    """All servers of the comparison, running side by side."""

    def __init__(self, tools, echo, folder):
        certificate = [os.path.join(folder, "server.crt"), os.path.join(folder, "server.key")]
        self.running = {
            "C ceiling": start_server(f"{tools}/server", *certificate),
            "Steward": start_server(echo, "serve", folder, "0"),
            f"Steward, {INTERCEPTORS} interceptors": start_server(echo, "serve", folder, INTERCEPTORS),
        }
        self.behind = start_server(echo, "serve-programs", folder, "0")
        self.running["relay"] = start_server(echo, "relay", folder, str(self.behind[1]))
        self.running["gRPC C++"] = start_server(f"{tools}/grpc-server", *certificate)

    def stop(self):
        stop(*(process for process, _ in self.running.values()), self.behind[0])


def measure(tools, echo, folder, rounds, seconds):
    """{server: {shape: [results of the rounds]}}; the servers take turns, so that all see the same machine."""
    payload = os.path.join(folder, "payload")
    write_payload(payload)
    servers = Servers(tools, echo, folder)
    results = {name: {shape: [] for shape in SHAPES} for name in servers.running}
    try:
        for shape in SHAPES:
            for _ in range(rounds):
                for name, (process, port) in servers.running.items():
                    program = f"{tools}/grpc-load" if name == "gRPC C++" else f"{tools}/load"
                    load = call_load(program, port, f"{folder}/ca.crt", "server.steward.internal", METHOD, payload)
                    result = load.run(shape, seconds, lambda: {"server": cpu_seconds(process.pid)})
                    result["cpu_us_per_call"] = result["cpu"]["server"] / result["calls"] * 1e6
                    results[name][shape].append(result)
    finally:
        servers.stop()
    return results


def summary(results):
    """Rows of the table: medians over the rounds, and the lowest CPU per call, which other work on the machine disturbed
    least. The ratio is that of the lowest: disturbance only adds, and to the short ceiling more than to the rest."""
    rows = []
    for shape in SHAPES:
        ceiling = min(r["cpu_us_per_call"] for r in results["C ceiling"][shape])
        for name, shapes in results.items():
            cpu = [r["cpu_us_per_call"] for r in shapes[shape]]
            rows.append({
                "server": name, "connections": shape[0], "in_flight": shape[0] * shape[1],
                "cpu_us_per_call": statistics.median(cpu), "cpu_us_lowest": min(cpu), "cpu_us_highest": max(cpu),
                "against_ceiling": min(cpu) / ceiling,
                "calls_per_second": statistics.median(r["calls"] / r["seconds"] for r in shapes[shape]),
                "p50_us": statistics.median(r["p50_us"] for r in shapes[shape]),
                "p99_us": statistics.median(r["p99_us"] for r in shapes[shape]),
            })
    return rows


def report(rows):
    table = Table("Echo of 64 bytes: server CPU of a call",
                  ["server", "connections", "in flight", "CPU µs/call", "lowest–highest", "× ceiling", "calls/s", "p50 µs",
                   "p99 µs"])
    for r in rows:
        spread = f"{r['cpu_us_lowest']:.2f}–{r['cpu_us_highest']:.2f}"
        table.add(r["server"], str(r["connections"]), str(r["in_flight"]), f"{r['cpu_us_per_call']:.2f}", spread,
                  f"{r['against_ceiling']:.1f}", f"{r['calls_per_second']:.0f}", f"{r['p50_us']:.0f}", f"{r['p99_us']:.0f}")
    return [table], [_ceiling_goal(rows, *goal) for goal in CEILING_GOALS] + [_grpc_goal(rows)]


def _row(rows, server, in_flight):
    return next(r for r in rows if r["server"] == server and (r["connections"], r["in_flight"]) == (1, in_flight))


def _ceiling_goal(rows, what, server, in_flight, goal):
    ratio = _row(rows, server, in_flight)["against_ceiling"]
    return what, f"{ratio:.1f} ×", f"≤ {goal} ×", ratio <= goal


def _grpc_goal(rows):
    ratio = _row(rows, "gRPC C++", 128)["cpu_us_lowest"] / _row(rows, "Steward", 128)["cpu_us_lowest"]
    return "gRPC C++ against the full stack, 128 in flight", f"{ratio:.1f} ×", "≥ 5 ×", ratio >= 5
