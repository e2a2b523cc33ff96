"""What a connection costs: to open, with a full and a resumed handshake, and to keep while nothing happens on it."""
import os
import statistics
import subprocess
import time

from echo import METHOD, write_payload
from load import Load
from page import Table
from processes import cpu_seconds, resident_bytes, start_server, stop

SERVER_NAME = "server.steward.internal"
KINDS = ["full", "resumed"]
IDLE_COUNT = 10_000
IDLE_BYTES_MAX = 400 * 1000 * 1000
# After this much silence a server pings (RPCTransport/Limits.swift).
PING_SECONDS = 30
# A hundredth of a core: what the clock of /proc can tell in ten seconds is a tenth of that.
IDLE_CPU_MAX = 0.01


def measure_opening(tools, echo, folder, rounds, seconds):
    """{(kind, server): [results of the rounds]}; the servers take turns."""
    running = {
        "plain": start_server(f"{tools}/plain", os.path.join(folder, "server.crt"), os.path.join(folder, "server.key")),
        "steward": start_server(echo, "serve", folder, "0"),
    }
    results = {}
    try:
        for kind in KINDS:
            for _ in range(rounds):
                for name, (process, port) in running.items():
                    load = Load([f"{tools}/handshakes", str(port), f"{folder}/ca.crt", SERVER_NAME, kind])
                    result = load.run([], seconds, lambda: {"server": cpu_seconds(process.pid)})
                    if kind == "resumed" and result["resumed"] < result["connections"] * 0.9:
                        raise SystemExit(f"{name}: only {result['resumed']} of {result['connections']} were resumed")
                    results.setdefault((kind, name), []).append(result)
    finally:
        stop(*(process for process, _ in running.values()))
    return results


def measure_idling(tools, echo, folder, count, seconds):
    """Memory and CPU of a server that holds so many connections, each of which has made one call."""
    payload = os.path.join(folder, "payload")
    write_payload(payload)
    server, port = start_server(echo, "serve", folder, "0")
    bare = resident_bytes(server.pid)
    command = [f"{tools}/hold", str(port), f"{folder}/ca.crt", SERVER_NAME, METHOD, payload, str(count)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        began = time.monotonic()
        if holder.stdout.readline() != "ready\n":
            raise SystemExit(f"hold ended with exit code {holder.wait()}")
        opening = time.monotonic() - began
        used = resident_bytes(server.pid)
        before = cpu_seconds(server.pid)
        time.sleep(seconds)
        cpu = (cpu_seconds(server.pid) - before) / seconds
    finally:
        holder.stdin.close()
        holder.wait()
        stop(server)
    return {"count": count, "bare_bytes": bare, "bytes": used, "opening_seconds": opening, "seconds": seconds, "cpu": cpu}


def cost(results):
    return statistics.median(r["cpu"]["server"] / r["connections"] * 1e6 for r in results)


def report(opening, idling):
    table = Table("Opening a connection: TCP, TLS 1.3, hello both ways; server CPU",
                  ["handshake", "plain OpenSSL", "Steward", "Steward/plain", "a second and core"])
    goals = []
    for kind in KINDS:
        plain, steward = cost(opening[kind, "plain"]), cost(opening[kind, "steward"])
        table.add(kind, f"{plain:.0f} µs", f"{steward:.0f} µs", f"{steward / plain:.2f} ×", f"{1e6 / steward:.0f}")
        goals.append((f"connections opened per second and core, {kind}", f"{1e6 / steward:.0f}, {plain / steward * 100:.0f} %",
                      "≥ 1000 or ≥ 70 % of plain", 1e6 / steward >= 1000 or plain / steward >= 0.7))
    each = (idling["bytes"] - idling["bare_bytes"]) / idling["count"]
    idle = Table("Idle connections, after one call on each",
                 ["connections", "server memory", "each", f"CPU over {idling['seconds']:.0f} s, pings included"],
                 [[f"{idling['count']:,}", f"{idling['bytes'] / 1e6:.0f} MB", f"{each / 1000:.1f} KB",
                   f"{idling['cpu'] * 100:.2f} % of a core"]])
    goals.append((f"{idling['count']:,} idle connections: memory", f"{idling['bytes'] / 1e6:.0f} MB", "≤ 400 MB",
                  idling["bytes"] <= IDLE_BYTES_MAX))
    goals.append((f"{idling['count']:,} idle connections: CPU, their pings included",
                  f"{idling['cpu'] * 100:.2f} % of a core", "< 1 %", idling["cpu"] < IDLE_CPU_MAX))
    return [table, idle], goals
