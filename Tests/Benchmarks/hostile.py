"""How long a well-behaved client waits while somebody attacks the same gateway, against how long it waits alone.

  hostile.py PROGRAMS ATTACK FOLDER QUICK RESULTS

PROGRAMS has steward and steward-gateway, ATTACK is the program of Tests/Attack, FOLDER takes what is made on the way.
QUICK is yes for a smoke run. RESULTS is the JSON file. Each attack meets a gateway of its own, with the limits that it
has when nobody sets any. Attackers would have brought machines of their own: the gateway has a core for itself, and on the
other they yield to the well-behaved clients at once (SCHED_IDLE). What is measured is what an attack costs in the gateway.
"""
import json
import os
import socket
import statistics
import subprocess
import sys
import time

from processes import cpu_seconds

# (kind, clients); the other end of each is in Tests/Attack/attack.c.
ATTACKS = [
    ("slow-handshakes", 500), ("half-open", 500), ("one-byte-frames", 8), ("one-byte-records", 8), ("lying-length", 8),
    ("unfinished", 400), ("no-credit", 8), ("tiny-credit", 8), ("huge-credit", 8), ("deaf", 8), ("rapid-reset", 8),
    ("ping-flood", 8), ("header-bomb", 8), ("nesting-bomb", 8), ("key-updates", 8), ("resumptions", 8), ("churn", 8),
    ("connect-reset", 8), ("idle", 1000),
]
BYSTANDERS = 4
GOAL = 2.0
CORES = sorted(os.sched_getaffinity(0))
GATEWAY_CORES, CLIENT_CORES = ({CORES[0]}, set(CORES[1:])) if len(CORES) > 1 else (set(CORES), set(CORES))


def on_cores_of_clients():
    os.sched_setaffinity(0, CLIENT_CORES)


def on_cores_of_gateway():
    os.sched_setaffinity(0, GATEWAY_CORES)


def as_attacker():
    on_cores_of_clients()
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    def __init__(self, programs, folder):
        self.trust_roots = f"{folder}/pki/ca.crt"
        self.port = free_port()
        lines = [f'listen: "127.0.0.1:{self.port}"', f'admin: "127.0.0.1:{free_port()}"',
                 f'tls: {{certificate: "{folder}/pki/gateway.crt", key: "{folder}/pki/gateway.key", '
                 f'ca: "{self.trust_roots}"}}']
        with open(f"{folder}/gateway.yaml", "w") as file:
            file.write("\n".join(lines) + "\n")
        with open(f"{folder}/gateway.log", "w") as log:
            self.process = subprocess.Popen(
                [f"{programs}/steward-gateway", "--config", f"{folder}/gateway.yaml"], stdout=log, stderr=log,
                preexec_fn=on_cores_of_gateway)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(f"the gateway does not start; see {folder}/gateway.log")

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def stop(self):
        self.process.kill()
        self.process.wait()


def numbers(text):
    """The lines "name number" of a program's output."""
    return {name: int(value) for name, _, value in (line.rpartition(" ") for line in text.splitlines()) if name}


def wait_of_bystanders(attack, gateway, seconds):
    command = [attack, "bystander", str(gateway.port), gateway.trust_roots, "gateway.steward.internal", str(BYSTANDERS), str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, preexec_fn=on_cores_of_clients)
    if done.returncode != 0:
        raise SystemExit("a well-behaved client was not served")
    return numbers(done.stdout)


def under(attack, kind, clients, gateway, seconds):
    """Waits and CPU under the attack, and what became of the attackers."""
    command = [attack, kind, str(gateway.port), gateway.trust_roots, "gateway.steward.internal", str(clients), "100"]
    attackers = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=as_attacker)
    attackers.stdout.readline()  # begin
    used, began = cpu_seconds(gateway.process.pid), time.monotonic()
    waits = wait_of_bystanders(attack, gateway, seconds)
    cpu = (cpu_seconds(gateway.process.pid) - used) / (time.monotonic() - began)
    resident = gateway.resident_bytes()
    attackers.terminate()
    outcome, _ = attackers.communicate()
    return waits, cpu, resident, numbers(outcome)


def measure(programs, attack, folder, rounds, seconds):
    subprocess.run([f"{programs}/steward", "pki", "init", "--dir", f"{folder}/pki"], check=True, stdout=subprocess.DEVNULL)
    rows = []
    for kind, clients in ATTACKS:
        ratios, row = [], {"attack": kind, "clients": clients}
        for _ in range(rounds):
            gateway = Gateway(programs, folder)
            try:
                wait_of_bystanders(attack, gateway, seconds / 3)  # warm-up
                alone, before = wait_of_bystanders(attack, gateway, seconds), gateway.resident_bytes()
                waits, cpu, resident, outcome = under(attack, kind, clients, gateway, seconds)
            finally:
                gateway.stop()
            ratios.append(waits["p99_us"] / alone["p99_us"])
            if ratios[-1] <= statistics.median(ratios):
                row |= {"alone": alone, "under_attack": waits, "gateway_cpu": cpu, "growth_bytes": resident - before,
                        "outcome": outcome}
        row["ratio"] = statistics.median(ratios)
        row["ratios"] = ratios
        rows.append(row)
    return rows


def table(rows):
    lines = [f"{'attack':18} {'clients':>7} {'p99 alone':>10} {'p99 under':>10} {'ratio':>6} {'lowest–highest':>15} "
             f"{'gateway CPU':>11} {'memory':>8}"]
    for r in rows:
        spread = f"{min(r['ratios']):.2f}–{max(r['ratios']):.2f}"
        lines.append(
            f"{r['attack']:18} {r['clients']:>7} {r['alone']['p99_us']:>7} µs {r['under_attack']['p99_us']:>7} µs "
            f"{r['ratio']:>6.2f} {spread:>15} {r['gateway_cpu'] * 100:>10.0f}% {r['growth_bytes'] / 2**20:>4.0f} MiB")
    return "\n".join(lines)


def main(programs, attack, folder, quick, results):
    os.makedirs(folder, exist_ok=True)
    rounds, seconds = (1, 1) if quick == "yes" else (3, 6)
    rows = measure(programs, attack, folder, rounds, seconds)
    print(table(rows))
    missed = [r["attack"] for r in rows if r["ratio"] >= GOAL]
    print(f"\n  p99 under attack against alone: goal < {GOAL}" + (f", not met: {', '.join(missed)}" if missed else ", met by all"))
    with open(results, "w") as file:
        json.dump({"quick": quick == "yes", "rows": rows}, file, indent=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
