"""Floods of sign-ins: what they cost those who are signed in, and those who sign in from elsewhere.

The flood comes at 200 attempts a second, from networks of its own (addresses of the loopback), by a process that yields to all
others (SCHED_IDLE): an attacker would have brought a machine. Meanwhile somebody who is signed in lists accounts at a fixed
rate, and somebody else signs in every half second.
"""
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import threading
import time
import urllib.request

from crm import SERVER_NAME, Installation
from page import Table
from thin_client import Client, describe, field

SIGN_IN = "steward.identity.v1.AuthenticationService/SignIn"
FLOOD_RATE = 200
FLOOD_CLIENTS = 64
SESSION_RATE = 100
HONEST_INTERVAL = 0.5
GUESSES_AT_ONCE = 200

# (what it is, the address of a client by its number, the e-mail address of an attempt by its number, whether the password is right)
FLOODS = [
    ("one account, one network", lambda client: "127.0.2.1", lambda attempt: "victim@bench.example", False),
    ("many accounts, one network", lambda client: "127.0.3.1", lambda attempt: f"u{attempt}@bench.example", False),
    ("many accounts, many networks", lambda client: f"127.0.4.{client + 1}", lambda attempt: f"u{attempt}@bench.example", False),
    ("right passwords, one network", lambda client: "127.0.5.1", lambda attempt: "admin@bench.example", True),
]


def request(email, password):
    return field(1, "bench") + field(2, email) + field(3, password)


def outcome(client, email, password):
    """The reason of the refusal; OK when the session is there."""
    for kind, value in client.call(SIGN_IN, [request(email, password)]):
        if kind == "status":
            return describe(value).split("/")[-1].split(":")[0]


class Site(Installation):
    def connect_from(self, source):
        return Client("127.0.0.1", self.port, self.trust_roots, SERVER_NAME, source=(source, 0))

    def evaluations(self):
        """Passwords that identity has hashed or checked."""
        with open(os.path.join(self.state, "etc/identity.yaml")) as file:
            address = re.search(r'^admin: "?([\d.:]+)', file.read(), re.M).group(1)
        with urllib.request.urlopen(f"http://{address}/metrics") as page:
            found = re.search(r"^steward_identity_password_evaluations_total (\d+)", page.read().decode(), re.M)
        return int(found.group(1)) if found else 0

    def steward(self, *words):
        environment = dict(os.environ, STEWARD_PROFILE="signin")
        run = subprocess.run([os.path.join(self.state, "bin/steward"), *words], text=True, capture_output=True,
                             env=environment)
        if run.returncode != 0:
            raise SystemExit(f"steward {' '.join(words)}: {run.stderr}")
        return run.stdout

    def session_latency(self, seconds):
        """p50 and p99 in ms of somebody who is signed in, by an open loop: medians of three windows, since a single stall of
        the machine is 1 % of a window."""
        windows = []
        for _ in range(3):
            report = json.loads(self.steward(
                "bench", "AccountService/ListAccounts", "page_size=1", "--rate", str(SESSION_RATE), "--duration",
                f"{seconds / 3:.0f}s", "--output", "json"))
            windows.append(report["latency_ms"])
        return [statistics.median(window[name] for window in windows) for name in ("p50", "p99")]


def flood(site, kind, until, counts):
    """Runs in a process of its own: attempts at times fixed in advance, by clients that each wait for their answers."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    _, address, email, is_right = FLOODS[kind]
    password = site.text("demo/admin.password") if is_right else "a wrong password"
    total, lock = {}, threading.Lock()

    def run(number):
        client, attempt = site.connect_from(address(number)), number
        start = time.monotonic() + number / FLOOD_RATE
        while time.monotonic() < until:
            time.sleep(max(0, start + (attempt // FLOOD_CLIENTS) * FLOOD_CLIENTS / FLOOD_RATE - time.monotonic()))
            reason = outcome(client, email(attempt), password)
            with lock:
                total[reason] = total.get(reason, 0) + 1
            attempt += FLOOD_CLIENTS

    threads = [threading.Thread(target=run, args=(number,)) for number in range(FLOOD_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts.put(total)


def honest(site, seconds):
    """Times in ms of sign-ins from a network that the user is known in, and how many were refused."""
    client, times, refused = site.connect_from("127.0.1.1"), [], 0
    password = site.text("demo/admin.password")
    outcome(client, "admin@bench.example", password)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        if outcome(client, "admin@bench.example", password) == "OK":
            times.append((time.monotonic() - began) * 1000)
        else:
            refused += 1
        time.sleep(max(0, began + HONEST_INTERVAL - time.monotonic()))
    return times, refused


def under(site, kind, seconds):
    counts = multiprocessing.Queue()
    until = time.monotonic() + seconds + 8
    attackers = multiprocessing.Process(target=flood, args=(site, kind, until, counts))
    attackers.start()
    time.sleep(2)  # the connections are there, and the locks hold
    before, result = site.evaluations(), {}
    thread = threading.Thread(target=lambda: result.update(honest=honest(site, seconds)))
    thread.start()
    p50, p99 = site.session_latency(seconds)
    thread.join()
    evaluations = (site.evaluations() - before) / seconds
    outcomes = counts.get()
    attackers.join()
    times, refused = result["honest"]
    return {"flood": FLOODS[kind][0], "p50": p50, "p99": p99, "honest_ms": times, "refused": refused,
            "evaluations_per_second": evaluations, "outcomes": outcomes}


def guesses_at_once(site):
    """Evaluations that guesses at one account cost, all made at once from as many connections as they are."""
    clients = [site.connect_from(f"127.0.6.{number % 4 + 1}") for number in range(GUESSES_AT_ONCE)]
    before, barrier = site.evaluations(), threading.Barrier(GUESSES_AT_ONCE)

    def guess(client):
        barrier.wait()
        outcome(client, "admin@bench.example", "a wrong password")

    threads = [threading.Thread(target=guess, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return site.evaluations() - before


def measure(state, seconds):
    site = Site(state)
    site.steward("login", "--workspace", "bench", "--email", "admin@bench.example", "--password-file",
                 os.path.join(state, "demo/admin.password"))
    site.session_latency(3)
    alone = site.session_latency(seconds)
    rows = [under(site, kind, seconds) for kind in range(len(FLOODS))]
    return alone, rows, guesses_at_once(site)


def report(alone, rows, guessed):
    table = Table(f"{FLOOD_RATE} sign-ins a second; beside them {SESSION_RATE} ListAccounts a second in a session",
                  ["flood", "p50 ms", "p99 ms", "p99 ÷ alone", "hashed/s", "sign-ins of others: slowest ms", "refused"])
    table.add("none", f"{alone[0]:.1f}", f"{alone[1]:.1f}", "1.0", "", "", "")
    goals = [(f"{GUESSES_AT_ONCE} guesses at once: passwords evaluated", str(guessed), "≤ 10", guessed <= 10)]
    for row in rows:
        ratio, slowest = row["p99"] / alone[1], max(row["honest_ms"], default=float("inf"))
        table.add(row["flood"], f"{row['p50']:.1f}", f"{row['p99']:.1f}", f"{ratio:.2f}",
                  f"{row['evaluations_per_second']:.0f}", f"{slowest:.0f}", str(row["refused"]))
        goals.append((f"{row['flood']}: p99 in a session", f"{ratio:.2f} ×", "< 1.5 ×", ratio < 1.5))
        goals.append((f"{row['flood']}: sign-ins of others", f"{slowest:.0f} ms, {row['refused']} refused",
                      "≤ 1,000 ms, 0", slowest <= 1000 and row["refused"] == 0))
    return [table], goals
