"""Server CPU of one echo call: the C ceiling, the real stack, the real stack behind interceptors, and a relay."""
import os
import statistics
import struct

from load import Load
from processes import cpu_seconds, start_server, stop

METHOD = "steward.bench.v1.EchoService/Echo"
# connections × calls in flight on each
SHAPES = [(1, 128), (16, 8), (1, 1)]
INTERCEPTORS = "6"  # as many as a service has (ServiceHost/Interceptors/InterceptorChain.swift)


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
                    load = Load(f"{tools}/load", port, f"{folder}/ca.crt", "server.steward.internal", METHOD, payload)
                    result = load.run(*shape, seconds, lambda: {"server": cpu_seconds(process.pid)})
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


def table(rows):
    lines = [f"{'server':24} {'connections':>11} {'in flight':>9} {'CPU µs/call':>11} {'lowest–highest':>15} "
             f"{'× ceiling':>9} {'calls/s':>9} {'p50 µs':>7} {'p99 µs':>7}"]
    for r in rows:
        spread = f"{r['cpu_us_lowest']:.2f}–{r['cpu_us_highest']:.2f}"
        lines.append(
            f"{r['server']:24} {r['connections']:>11} {r['in_flight']:>9} {r['cpu_us_per_call']:>11.2f} {spread:>15} "
            f"{r['against_ceiling']:>9.1f} {r['calls_per_second']:>9.0f} {r['p50_us']:>7.0f} {r['p99_us']:>7.0f}")
    return "\n".join(lines)
