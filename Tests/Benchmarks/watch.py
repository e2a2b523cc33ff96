"""Watchers of one workspace beside writers: how late they hear of a write, and what that costs. Then one that goes on after a break, and how
fast it catches up.

Accounts are created at times fixed in advance; each has the moment of its writing in its name. The watchers are spread over processes that
each read theirs on a connection for each user; what a client needs to read 200 copies of every write is part of what is measured.
"""
import multiprocessing
import os
import re
import subprocess
import threading
import time

from crm import SERVER_NAME, Installation
from page import Table
from processes import resident_bytes
from thin_client import describe, field, fields

ACCOUNTS = "steward.customer.v1.AccountService/"
SIGN_IN = "steward.identity.v1.AuthenticationService/SignIn"
ATTACH = "steward.rpc.v1.SessionService/AttachSession"
USERS = 4
WRITERS = 16
GOAL_MS = 500
# Accounts that are created while a watcher is away, and how many at once.
MISSED, BATCH = 100_000, 1_000
RECORDS, RESUME_TOKEN = 1, 3
STAMP = re.compile(rb"written ([0-9]+);")


class Site(Installation):
    def steward(self, *words):
        run = subprocess.run([os.path.join(self.state, "bin/steward"), *words], text=True, capture_output=True,
                             env=dict(os.environ, STEWARD_PROFILE="watch"))
        if run.returncode != 0:
            raise SystemExit(f"steward {' '.join(words)}: {run.stderr}")
        return run.stdout

    def make_users(self):
        """E-mail addresses of admins: a user may have only so many watches."""
        password = os.path.join(self.state, "demo/admin.password")
        self.steward("login", "--workspace", "bench", "--email", "admin@bench.example", "--password-file", password)
        emails = [f"watcher-{number}@bench.example" for number in range(USERS)]
        for email in emails:
            self.steward("user", "create", f"email={email}", f"display_name={email}", "role.display_name=Admin",
                         "--if-absent", "email")
            self.steward("user", "set-password", email, "--password-file", password)
        return emails

    def sign_in(self, email):
        client = self.connect()
        request = field(1, "bench") + field(2, email) + field(3, self.text("demo/admin.password"))
        for kind, value in client.call(SIGN_IN, [request]):
            if kind == "message":
                handle = fields(fields(value)[1][0])[1][0]
        for _ in client.call(ATTACH, [field(1, handle)]):
            pass
        return client


def follow(site, email, count, ready, until, results):
    """Runs in a process of its own: `count` watches on one connection. Gives the times in ms from writing to reading."""
    client, lags = site.sign_in(email), []
    for call in range(1, count + 1):
        start = field(1, ACCOUNTS + "WatchAccounts")
        client.last_call_id += 1
        client.send(field(client.CALL_ID, client.last_call_id) + field(client.START, start)
                    + field(client.PAYLOAD, field(5, 1)) + field(client.END, 1))
    begun = set()
    client.socket.settimeout(1)
    while time.time() < until.value:
        try:
            frame = client.receive()
        except TimeoutError:
            continue
        now = time.time_ns()
        if client.STATUS in frame:
            raise SystemExit(f"a watch ended: {frame}")
        if len(begun) < count:
            begun.add(frame[client.CALL_ID][0])
            if len(begun) == count:
                ready.release()
        for payload in frame.get(client.PAYLOAD, []):
            lags += [(now - int(stamp)) / 1e6 for stamp in STAMP.findall(payload)]
    results.put(lags)


def write(site, number, rate, seconds):
    client, begin = site.connect(), time.monotonic()
    for _ in client.call(ATTACH, [site.attach]):
        pass
    for turn in range(int(rate * seconds / WRITERS)):
        time.sleep(max(0, begin + (number / WRITERS + turn) * WRITERS / rate - time.monotonic()))
        name = f"written {time.time_ns()};"
        for kind, value in client.call(ACCOUNTS + "CreateAccount", [field(1, field(10, name))]):
            if kind == "status" and value.get(1, [0])[0]:
                raise SystemExit(f"CreateAccount: {value}")


def measure(state, watchers, rate, seconds):
    site = Site(state)
    emails = site.make_users()
    ready, until, results = multiprocessing.Semaphore(0), multiprocessing.Value("d", time.time() + 600), multiprocessing.Queue()
    processes = [multiprocessing.Process(target=follow, args=(site, email, watchers // USERS, ready, until, results))
                 for email in emails]
    for process in processes:
        process.start()
    for _ in processes:
        if not ready.acquire(timeout=60):
            raise SystemExit("not all watches have begun")
    before = site.cpu()
    writers = [threading.Thread(target=write, args=(site, number, rate, seconds)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    used = {name: cpu - before[name] for name, cpu in site.cpu().items()}
    until.value = time.time() + 3
    lags = sorted(lag for _ in processes for lag in results.get())
    for process in processes:
        process.join()
    written = int(rate * seconds / WRITERS) * WRITERS
    return {"watchers": watchers, "rate": rate, "seconds": seconds, "told": len(lags), "expected": written * watchers,
            "p50_ms": lags[len(lags) // 2], "p99_ms": lags[len(lags) * 99 // 100], "max_ms": lags[-1], "cpu": used,
            "customer_bytes": resident_bytes(site.pids["customer"])}


def watched(client, request):
    """What a watch tells."""
    for kind, value in client.call(ACCOUNTS + "WatchAccounts", [request], timeout_ms=0):
        if kind == "status":
            raise SystemExit(f"a watch ended: {describe(value)}")
        yield fields(value)


def catch_up(state, missed):
    """Events that a watcher reads a second and core when it goes on after so many writes."""
    site = Site(state)
    client = site.connect()
    for _ in client.call(ATTACH, [site.attach]):
        pass
    token = next(news[RESUME_TOKEN][0] for news in watched(client, field(5, 1)) if RESUME_TOKEN in news)
    writer = site.connect()
    for _ in writer.call(ATTACH, [site.attach]):
        pass
    for turn in range(missed // BATCH):
        accounts = b"".join(field(1, field(10, f"missed {turn} {number}")) for number in range(BATCH))
        for kind, value in writer.call(ACCOUNTS + "BatchCreateAccounts", [accounts]):
            if kind == "status" and value.get(1, [0])[0]:
                raise SystemExit(f"BatchCreateAccounts: {describe(value)}")
    reader = site.connect()
    for _ in reader.call(ATTACH, [site.attach]):
        pass
    before, begin, told = site.cpu(), time.monotonic(), 0
    for news in watched(reader, field(4, token) + field(5, 1)):
        told += len(news.get(RECORDS, []))
        if told >= missed:
            break
    seconds, after = time.monotonic() - begin, site.cpu()
    return {"missed": missed, "told": told, "seconds": seconds, "cpu": {name: after[name] - before[name] for name in after},
            "customer_bytes": resident_bytes(site.pids["customer"])}


def report(row, caught):
    table = Table(f"{row['watchers']} watchers of one workspace, {row['rate']} writes a second",
                  ["told", "p50 ms", "p99 ms", "max ms", "customer cores", "gateway cores", "PostgreSQL cores", "customer MB"])
    cores = [f"{row['cpu'][name] / row['seconds']:.2f}" for name in ("customer", "gateway", "PostgreSQL")]
    table.add(f"{row['told']} of {row['expected']}", f"{row['p50_ms']:.0f}", f"{row['p99_ms']:.0f}", f"{row['max_ms']:.0f}",
              *cores, f"{row['customer_bytes'] / 1e6:.0f}")
    cores = sum(caught["cpu"].values()) / caught["seconds"]
    after = Table(f"A watcher goes on after {caught['missed']} writes; CPU in µs per event",
                  ["events/s", "events/s and core", "gateway", "customer", "PostgreSQL", "customer MB"])
    per_second = caught["told"] / caught["seconds"]
    after.add(f"{per_second:.0f}", f"{per_second / cores:.0f}",
              *(f"{caught['cpu'][name] / caught['told'] * 1e6:.1f}" for name in ("gateway", "customer", "PostgreSQL")),
              f"{caught['customer_bytes'] / 1e6:.0f}")
    return [table, after], [
        ("Writes told to watchers", f"{row['told']} of {row['expected']}", "all", row["told"] == row["expected"]),
        ("From writing to reading, p99", f"{row['p99_ms']:.0f} ms", f"≤ {GOAL_MS} ms", row["p99_ms"] <= GOAL_MS),
    ]
