"""Messages of 1 MiB through one streaming call, beside what plain OpenSSL moves over the same loopback."""
import os
import statistics

from load import Load
from page import Table
from processes import cpu_seconds, start_server, stop

SERVER_NAME = "server.steward.internal"
MIB, GIB = 1 << 20, 1 << 30
# What transfer.c calls them, and what they are called here: as seen from the client.
DIRECTIONS = {"down": "server to client", "up": "client to server"}
GOAL = 0.7


def measure(tools, echo, folder, rounds, seconds):
    """{(direction, server): [results of the rounds]}; the servers take turns."""
    running = {
        "plain": start_server(f"{tools}/plain", os.path.join(folder, "server.crt"), os.path.join(folder, "server.key")),
        "steward": start_server(echo, "serve", folder, "0"),
    }
    results = {}
    try:
        for direction in DIRECTIONS:
            for _ in range(rounds):
                for name, (process, port) in running.items():
                    load = Load([f"{tools}/transfer", str(port), f"{folder}/ca.crt", SERVER_NAME, name, direction])
                    result = load.run([], seconds, lambda: {"server": cpu_seconds(process.pid)})
                    results.setdefault((direction, name), []).append(result)
    finally:
        stop(*(process for process, _ in running.values()))
    return results


def median(results, value):
    return statistics.median(value(result) for result in results)


def report(results):
    table = Table("Stream of 1 MiB messages on one connection",
                  ["direction", "plain MiB/s", "Steward MiB/s", "ratio", "plain ms/GiB", "Steward ms/GiB", "ratio"])
    goals = []
    for direction, text in DIRECTIONS.items():
        plain, steward = results[direction, "plain"], results[direction, "steward"]
        speeds = [median(r, lambda r: r["bytes"] / r["seconds"] / MIB) for r in (plain, steward)]
        costs = [median(r, lambda r: r["cpu"]["server"] * 1000 / (r["bytes"] / GIB)) for r in (plain, steward)]
        ratio = speeds[1] / speeds[0]
        table.add(text, f"{speeds[0]:.0f}", f"{speeds[1]:.0f}", f"{ratio * 100:.0f} %", f"{costs[0]:.0f}",
                  f"{costs[1]:.0f}", f"{costs[1] / costs[0]:.2f} ×")
        goals.append((f"1 MiB stream, {text}, against plain OpenSSL", f"{ratio * 100:.0f} %", "≥ 70 %", ratio >= GOAL))
    return [table], goals
