"""soak.py STATE BENCH MINUTES PID…: samples the programs of an installation while the loads PID… work, and judges.

STATE is the installation that lib.sh has started, BENCH takes soak.json and soak.svg and has what the loads measured in
soak/. Ends with 1 when something rose or was not answered.
"""
import glob
import json
import os
import statistics
import sys
import time

from processes import PROGRAMS

SAMPLE_SECONDS = 5
# The first part of the time, in which caches and pools fill.
WARM_UP_SHARE = 1 / 3
# Memory may rise by so much a minute after the warm-up. A leak of 10 bytes a call at the load of soak is 300 KiB a minute.
RISE_KIB_PER_MINUTE_MAX = 256
# The same of PostgreSQL: each backend gathers what it knows of tables and statements, and backends come and go.
POSTGRES_RISE_KIB_PER_MINUTE_MAX = 1024
# Less in all is no rise: malloc's arenas, a page here and there.
RISE_KIB_MIN = 3 * 1024
# Descriptors of a program that may be open at the end beyond those of the end of the warm-up: visitors and pools come and go.
# PostgreSQL keeps as many files open as it likes.
DESCRIPTORS_RISE_MAX = 16
# Calls that may fail.
ERROR_SHARE_MAX = 0.001


def number_after(path, word):
    """The number of kilobytes that a line such as `RssAnon:  123 kB` has; a process that is just ending has none."""
    with open(path) as file:
        for line in file:
            if line.startswith(word):
                return int(line.split()[1])
    raise ProcessLookupError(f"{path} has no {word}")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def sample(pid):
    """Memory of its own, resident memory, descriptors, sockets of a process."""
    descriptors = os.listdir(f"/proc/{pid}/fd")
    sockets = 0
    for name in descriptors:
        try:
            sockets += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
        except FileNotFoundError:
            pass  # closed while we looked
    status = f"/proc/{pid}/status"
    return {"memory_kib": number_after(status, "RssAnon:"), "rss_kib": number_after(status, "VmRSS:"),
            "descriptors": len(descriptors), "sockets": sockets}


def sample_tree(pid):
    """The same of PostgreSQL and its backends, in all. Shared buffers are no one's own: they fill, and that is right."""
    total = sample(pid)
    for child in children(pid):
        try:
            for key, value in sample(child).items():
                total[key] += value
        except (FileNotFoundError, ProcessLookupError):
            pass  # a backend that ended while we looked
    return total


def sample_all(pids, postmaster):
    taken = {name: sample(pid) for name, pid in pids.items()}
    taken["PostgreSQL"] = sample_tree(postmaster)
    return taken


def watch(pids, postmaster, loads, seconds):
    """[(seconds since the beginning, {program: sample})] until the loads have ended."""
    began = time.monotonic()
    samples = []
    while any(runs(pid) for pid in loads):
        samples.append((time.monotonic() - began, sample_all(pids, postmaster)))
        if sys.stderr.isatty():
            print(f"\r{samples[-1][0] / 60:5.1f} of {seconds / 60:.0f} min", end="", file=sys.stderr, flush=True)
        time.sleep(SAMPLE_SECONDS)
    return samples


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def judge(samples, name):
    """How a program changed from the end of the warm-up to the end: medians of the first and the last quarter of that."""
    last = samples[-1][0]
    measured = [(at, taken[name]) for at, taken in samples if at >= last * WARM_UP_SHARE]
    quarter = max(1, len(measured) // 4)
    head, tail = measured[:quarter], measured[-quarter:]
    minutes = (statistics.mean(at for at, _ in tail) - statistics.mean(at for at, _ in head)) / 60
    row = {"program": name, "rss_kib": tail[-1][1]["rss_kib"], "sockets": tail[-1][1]["sockets"]}
    for key in ("memory_kib", "descriptors"):
        row[f"{key}_first"], row[f"{key}_last"] = (
            statistics.median(taken[key] for _, taken in part) for part in (head, tail))
    row["memory_kib_max"] = max(taken["memory_kib"] for _, taken in measured)
    rise = row["memory_kib_last"] - row["memory_kib_first"]
    row["rise_kib_per_minute"] = rise / minutes if minutes > 0 else 0
    row["problems"] = []
    is_program = name in PROGRAMS
    most = RISE_KIB_PER_MINUTE_MAX if is_program else POSTGRES_RISE_KIB_PER_MINUTE_MAX
    if rise > RISE_KIB_MIN and row["rise_kib_per_minute"] > most:
        row["problems"].append(f"memory rises by {row['rise_kib_per_minute']:.0f} KiB a minute")
    if is_program and row["descriptors_last"] - row["descriptors_first"] > DESCRIPTORS_RISE_MAX:
        row["problems"].append("descriptors stay open")
    return row


def read_loads(folder):
    """What each load measured; a load that measured nothing is a problem."""
    rows = []
    for path in sorted(glob.glob(f"{folder}/*.json")):
        name = os.path.basename(path)[:-5]
        try:
            with open(path) as file:
                result = json.load(file)
        except ValueError:
            with open(path[:-5] + ".log") as file:
                rows.append({"load": name, "problems": [f"ended early: {file.read().strip()}"]})
            continue
        problems = []
        if result["errors"] > ERROR_SHARE_MAX * result["calls"]:
            problems.append(f"{result['errors']} errors: {result['errors_by_kind']}")
        if result["unsent"] > 0:
            problems.append(f"{result['unsent']} calls could not be sent")
        rows.append({"load": name, **{key: result[key] for key in ("calls", "calls_per_second", "errors", "late")},
                     "p50_ms": result["latency_ms"]["p50"], "p99_ms": result["latency_ms"]["p99"], "problems": problems})
    return rows


def tables(programs, loads):
    lines = [f"{'program':12} {'memory MiB, then':>16} {'now':>7} {'most':>7} {'KiB/min':>8} {'RSS MiB':>8} {'fds, then':>9} "
             f"{'now':>5} {'sockets':>7}"]
    for r in programs:
        lines.append(
            f"{r['program']:12} {r['memory_kib_first'] / 1024:>16.1f} {r['memory_kib_last'] / 1024:>7.1f} "
            f"{r['memory_kib_max'] / 1024:>7.1f} {r['rise_kib_per_minute']:>8.0f} {r['rss_kib'] / 1024:>8.1f} "
            f"{r['descriptors_first']:>9.0f} {r['descriptors_last']:>5.0f} {r['sockets']:>7}")
    lines += ["", f"{'load':12} {'calls':>9} {'calls/s':>8} {'errors':>7} {'late':>6} {'p50 ms':>8} {'p99 ms':>8}"]
    for r in loads:
        if "calls" in r:
            lines.append(f"{r['load']:12} {r['calls']:>9} {r['calls_per_second']:>8.1f} {r['errors']:>7} {r['late']:>6} "
                         f"{r['p50_ms']:>8.2f} {r['p99_ms']:>8.2f}")
    return "\n".join(lines)


STYLE = """<style>
text { font: 12px system-ui, "DejaVu Sans", sans-serif } .back { fill: #fff } .ink, .title { fill: #1b2733 }
.title { font-size: 14px; font-weight: 600 } .dim { fill: #5c6b7a } .grid { stroke: #dde3e9 }
.line { fill: none; stroke-width: 2 } .c0 { stroke: #0b66c3 } .c1 { stroke: #b4500b } .c2 { stroke: #1a7f4b }
.c3 { stroke: #7c3fb5 } .c4 { stroke: #c0213b } .warm { fill: #5c6b7a; fill-opacity: 0.1 }
@media (prefers-color-scheme: dark) { .back { fill: #14191f } .ink, .title { fill: #e8edf2 } .dim { fill: #9fb0c0 }
.grid { stroke: #2b3540 } .c0 { stroke: #62b0ff } .c1 { stroke: #ffa657 } .c2 { stroke: #5fd39a } .c3 { stroke: #c79bff }
.c4 { stroke: #ff7b89 } }
</style>"""


def round_step(most, parts):
    power = 1
    while power * 10 <= most / parts:
        power *= 10
    return next(step * power for step in (1, 2, 5, 10) if step * power * parts >= most)


def panel(samples, names, key, scale, title, unit, top):
    """One diagram: a line for each name, the warm-up shaded."""
    left, width, height = 60, 780, 200
    last = max(1, samples[-1][0] / 60)
    most = max(taken[name][key] * scale for _, taken in samples for name in names)
    step = round_step(most, 4)
    x_step = round_step(last, 6)
    ceiling = step * max(1, -(-most // step))
    out = [f'<text class="title" x="{left}" y="{top - 32}">{title}</text>',
           f'<text class="dim" x="{left}" y="{top - 12}">{unit}</text>',
           f'<rect class="warm" x="{left}" y="{top}" width="{width * WARM_UP_SHARE:.1f}" height="{height}"/>']
    value = 0
    while value <= ceiling:
        y = top + height - value / ceiling * height
        out.append(f'<path class="grid" d="M{left} {y:.1f}h{width}"/>')
        out.append(f'<text class="dim" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        value += step
    minute = 0
    while minute <= last:
        out.append(f'<text class="dim" x="{left + minute / last * width:.1f}" y="{top + height + 18}" '
                   f'text-anchor="middle">{minute:g}</text>')
        minute += x_step
    out.append(f'<text class="dim" x="{left + width / 2}" y="{top + height + 36}" text-anchor="middle">minutes; the warm-up is shaded</text>')
    for index, name in enumerate(names):
        points = " ".join(f"{left + at / 60 / last * width:.1f},{top + height - taken[name][key] * scale / ceiling * height:.1f}"
                          for at, taken in samples)
        out.append(f'<polyline class="line c{index}" points="{points}"/>')
        x = left + width - 105 * (len(names) - index)
        out.append(f'<path class="line c{index}" d="M{x} {top - 16}h16"/><text class="ink" x="{x + 22}" y="{top - 12}">{name}</text>')
    return out


def chart(samples):
    panels = [(PROGRAMS, "memory_kib", 1 / 1024, "Memory of the programs' own", "MiB"),
              (["PostgreSQL"], "memory_kib", 1 / 1024, "Memory of PostgreSQL without its shared buffers", "MiB"),
              (PROGRAMS, "descriptors", 1, "Open descriptors", "number")]
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 960" role="img">', STYLE,
           '<rect class="back" width="100%" height="100%"/>']
    for index, (names, key, scale, title, unit) in enumerate(panels):
        out += panel(samples, names, key, scale, title, unit, 60 + index * 320)
    return "\n".join(out + ["</svg>"]) + "\n"


def main(state, bench, minutes, *loads):
    def text(name):
        with open(os.path.join(state, name)) as file:
            return file.read().strip()

    pids = {name: int(text(f"run/{name}.pid")) for name in PROGRAMS}
    with open(os.path.join(text("cluster"), "data/postmaster.pid")) as file:
        postmaster = int(file.readline())
    samples = watch(pids, postmaster, [int(pid) for pid in loads], int(minutes) * 60)
    programs = [judge(samples, name) for name in samples[0][1]]
    measured = read_loads(os.path.join(bench, "soak"))
    print(tables(programs, measured))
    with open(os.path.join(bench, "soak.json"), "w") as file:
        json.dump({"minutes": int(minutes), "programs": programs, "loads": measured, "samples": samples}, file)
    with open(os.path.join(bench, "soak.svg"), "w") as file:
        file.write(chart(samples))
    problems = [f"{row.get('program') or row['load']}: {problem}" for row in programs + measured for problem in row["problems"]]
    if samples[-1][0] < int(minutes) * 60 * 0.9:
        problems.append("the loads ended before their time")
    print()
    for problem in problems:
        print(f"  not level: {problem}")
    if not problems:
        print(f"  level: no program rose by more than {RISE_KIB_PER_MINUTE_MAX} KiB a minute after the warm-up")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
