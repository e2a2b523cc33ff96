"""Allocations that are counted, beside the most that is allowed: a JSON file in thresholds/ for each version of Swift.

The environment says which file (THRESHOLDS), and whether to write what was counted there instead (RECORD=yes)."""
import json
import math
import os
import sys

# What a background timer may add, and half a rounding.
SLACK = 0.5
TITLE = "allocations for each "


def goals(counts):
    """A goal of the page for each count by name."""
    path = os.environ["THRESHOLDS"]
    allowed = {}
    if os.path.exists(path):
        with open(path) as file:
            allowed = json.load(file)
    if os.environ.get("RECORD") == "yes":
        allowed |= {name: math.ceil(count * 10) / 10 for name, count in counts.items()}
        with open(path, "w") as file:
            json.dump(allowed, file, indent=2)
            file.write("\n")
    missing = [name for name in counts if name not in allowed]
    if missing:
        raise SystemExit(f"{path} has no threshold for: {'; '.join(missing)}")
    return [(TITLE + name, f"{count:.2f}", f"≤ {allowed[name]:g}", count <= allowed[name] + SLACK)
            for name, count in counts.items()]


def check(all_goals):
    """Ends the program with 1 when a count is above its threshold."""
    worse = [what for what, _, _, is_met in all_goals if what.startswith(TITLE) and not is_met]
    if worse:
        raise SystemExit(f"\nMore than {os.environ['THRESHOLDS']} allows: {'; '.join(worse)}. Find out where from "
                         "(Tests/Benchmarks/README.md), or record the new figures and say why.")
