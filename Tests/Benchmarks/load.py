"""One measurement: runs ceiling/load.c against a server and reads the CPU time of the servers meanwhile."""
import json
import subprocess


class Load:
    """What to send, and where to."""

    def __init__(self, program, port, trust_roots, server_name, method, payloads, attach=None, request_ids=False):
        self.head = [program, str(port), trust_roots, server_name, method, payloads]
        self.tail = ([attach] if attach else []) + (["request-ids"] if request_ids else [])

    def run(self, connections, in_flight, seconds, cpu):
        """Measures for so long, after a third of that as warm-up. `cpu` gives CPU times by name; the result of the
        load has a dictionary `cpu` with what was used of each, beside calls, seconds and latencies."""
        shape = [str(connections), str(in_flight), str(seconds / 3), str(seconds)]
        load = subprocess.Popen(self.head + shape + self.tail, stdout=subprocess.PIPE, text=True)
        times = []
        for line in load.stdout:
            if line in ("begin\n", "end\n"):
                times.append(cpu())
            else:
                result = json.loads(line)
        if load.wait() != 0:
            raise SystemExit(f"the load ended with exit code {load.returncode}: {' '.join(self.head)}")
        result["cpu"] = {name: times[1][name] - used for name, used in times[0].items()}
        return result
