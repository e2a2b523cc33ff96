"""Programs under measurement: starting them, ending them, and the CPU time that they have used."""
import mmap
import os
import struct
import subprocess

TICK = os.sysconf("SC_CLK_TCK")

with open(os.path.join(os.path.dirname(__file__), "..", "..", "Sources", "Tenancy", "installation.txt")) as table:
    # Of an installation, by name.
    PROGRAMS = [line.split()[0] for line in table if line.strip() and not line.startswith("#")]


def start_server(*command, environment=None):
    """Starts a program that prints its port; returns the process and the port."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{command[0]} did not start; exit code {process.wait()}")
    return process, int(line)


class AllocationCounter:
    """How often a process has allocated, which runs with allocations/count.c preloaded and this folder."""

    def __init__(self, folder, pid):
        with open(os.path.join(folder, str(pid)), "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def count(self):
        return struct.unpack("=Q", self.memory)[0]


def stop(*processes):
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


def _stat(pid):
    """The numbers of /proc/PID/stat after the command's name: 1 is the parent, 11 to 14 are times in ticks."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


def cpu_seconds(pid):
    """User and system time of a process."""
    return sum(int(n) for n in _stat(pid)[11:13]) / TICK


def resident_bytes(pid):
    """Physical memory of a process."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _children(pid):
    """Process ids and times in ticks."""
    found = {}
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and int((stat := _stat(name))[1]) == pid:
                found[name] = sum(int(n) for n in stat[11:13])
        except (FileNotFoundError, ProcessLookupError):
            pass  # ended while we looked
    return found


def tree_cpu_seconds(pid):
    """The same of a process and all its children, those included that have ended."""
    while True:
        children = _children(pid)
        own = sum(int(n) for n in _stat(pid)[11:15])
        # A child that ends in between would be counted twice, or not at all.
        if _children(pid).keys() == children.keys():
            return (own + sum(children.values())) / TICK
