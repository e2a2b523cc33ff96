"""One measurement: runs a load in C (or C++) against a server and reads the CPU time of the servers meanwhile."""
import json
import subprocess


class Load:
    """A load's command line: what comes before the shape and times of a run, and what comes after."""

    def __init__(self, head, tail=()):
        self.head = list(head)
        self.tail = list(tail)

    def run(self, shape, seconds, cpu):
        """Measures for so long, after a third of that as warm-up. `cpu` gives CPU times by name; the result of the
        load has a dictionary `cpu` with what was used of each, beside what the load itself tells."""
        times_told = [str(seconds / 3), str(seconds)]
        command = self.head + [str(number) for number in shape] + times_told + self.tail
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        times, result = [], None
        for line in load.stdout:
            if line in ("begin\n", "end\n"):
                times.append(cpu())
            else:
                result = json.loads(line)
        if load.wait() != 0 or result is None:
            raise SystemExit(f"the load ended with exit code {load.returncode}: {' '.join(command)}")
        result["cpu"] = {name: times[1][name] - used for name, used in times[0].items()}
        return result


def call_load(program, port, trust_roots, server_name, method, payloads, attach=None, request_ids=False):
    """The load that makes calls; ceiling/load.c says what its arguments mean."""
    tail = ([attach] if attach else []) + (["request-ids"] if request_ids else [])
    return Load([program, str(port), trust_roots, server_name, method, payloads], tail)
