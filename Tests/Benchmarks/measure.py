"""measure.py echo|crm … : takes the measurements, prints the tables and writes what was measured as JSON.

  measure.py echo TOOLS ECHO FOLDER QUICK RESULTS
  measure.py crm TOOLS STATE FOLDER QUICK RESULTS

TOOLS has the C programs, ECHO is steward-echo, STATE the installation that lib.sh has started, FOLDER takes what is
made on the way. QUICK is yes for a smoke run, whose figures mean little. RESULTS is the JSON file.
"""
import json
import os
import platform
import sys
import time

import crm
import echo

# A goal is a ratio: (what, which row and value, at most or at least).
ECHO_GOALS = [
    ("full stack against the ceiling, 128 in flight", "Steward", 3.0),
    ("relay against the ceiling, 128 in flight", "relay", 4.0),
]


def machine():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return {"date": time.strftime("%FT%TZ", time.gmtime()), "cpu": names[0] if names else platform.machine(),
            "cores": os.cpu_count(), "kernel": platform.release(), "load_average": os.getloadavg()}


def echo_goals(rows):
    for what, server, goal in ECHO_GOALS:
        row = next(r for r in rows if r["server"] == server and (r["connections"], r["in_flight"]) == (1, 128))
        yield what, f"{row['against_ceiling']:.1f} ×", f"≤ {goal} ×", row["against_ceiling"] <= goal


def crm_goals(rows):
    row = next(r for r in rows if r["method"] == "GetAccount" and r["in_flight"] > 1)
    yield ("GetAccount: CPU outside / inside PostgreSQL", f"{row['outside_against_inside']:.2f}", "≤ 0.5",
           row["outside_against_inside"] <= 0.5)
    yield ("GetAccount: calls per second against pgbench", f"{row['against_pgbench'] * 100:.0f} %", "≥ 50 %",
           row["against_pgbench"] >= 0.5)


def main(what, tools, subject, folder, quick, results):
    is_quick = quick == "yes"
    before = machine()
    if what == "echo":
        rounds, seconds = (1, 0.3) if is_quick else (5, 2)
        rows = echo.summary(echo.measure(tools, subject, folder, rounds, seconds))
        print(echo.table(rows))
        goals = list(echo_goals(rows))
    else:
        rows = crm.measure(tools, subject, folder, seconds=1 if is_quick else 8)
        print(crm.table(rows))
        goals = list(crm_goals(rows))
    print()
    for text, value, goal, is_met in goals:
        print(f"  {text}: {value} (goal {goal}{'' if is_met else ', not met'})")
    with open(results, "w") as file:
        json.dump({"machine": before, "quick": is_quick, "rows": rows}, file, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
