"""The page of results: each part of a run leaves a JSON file with tables and goals; all together make the page.

  page.py FOLDER [--markdown]      prints the page of what is in FOLDER
"""
import json
import os
import platform
import sys
import time

PARTS = ["echo", "stream", "connections", "allocations", "crm", "fields", "search", "sharing", "batches", "bulk", "yardstick", "tenants", "neighbours",
         "signin", "watch", "provisioning"]


class Table:
    """Text in columns, the first flush left, the others flush right."""

    def __init__(self, title, columns, rows=()):
        self.title, self.columns, self.rows = title, columns, [list(row) for row in rows]

    def add(self, *row):
        self.rows.append(list(row))

    def text(self):
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        return "\n".join(
            "  ".join([line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])])
            for line in lines)

    def markdown(self):
        rule = ["---"] + ["---:"] * (len(self.columns) - 1)
        return "\n".join("| " + " | ".join(line) + " |" for line in [self.columns, rule, *self.rows])


def goal_table(goals):
    return Table("Goals", ["what", "measured", "goal", "met"],
                 [[what, value, goal, "yes" if is_met else "**no**"] for what, value, goal, is_met in goals])


def machine():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return {"date": time.strftime("%FT%TZ", time.gmtime()), "cpu": names[0] if names else platform.machine(),
            "cores": os.cpu_count(), "kernel": platform.release(), "load_average": os.getloadavg()}


def write_part(path, tables, goals, **more):
    """Prints the tables and goals of a part and writes them, with whatever else is worth keeping, as JSON.
    A goal is (what, measured, goal, whether it is met)."""
    for table in tables:
        print(f"{table.title}\n\n{table.text()}\n")
    for what, value, goal, is_met in goals:
        print(f"  {what}: {value} (goal {goal}{'' if is_met else ', not met'})")
    with open(path, "w") as file:
        json.dump({"machine": machine(), "tables": [vars(table) for table in tables], "goals": goals, **more}, file,
                  indent=2, ensure_ascii=False)


def page(folder, is_markdown):
    """All parts that were measured, in order, and their goals in one table."""
    blocks, goals = [], []
    for name in PARTS:
        path = os.path.join(folder, f"{name}.json")
        if not os.path.exists(path):
            continue
        with open(path) as file:
            part = json.load(file)
        about = part["machine"]
        load = about["load_average"][0]
        note = ", a quick run: the figures mean little" if part.get("quick") else ""
        for table in (Table(**fields) for fields in part["tables"]):
            blocks.append(f"**{table.title}**\n\n{table.markdown()}" if is_markdown else f"{table.title}\n\n{table.text()}")
        blocks.append(f"{about['date']}, {about['cores']} × {about['cpu']}, Linux {about['kernel']}, load average {load:.1f}{note}")
        goals += part["goals"]
    table = goal_table(goals)
    blocks.append(f"**Goals**\n\n{table.markdown()}" if is_markdown else f"Goals\n\n{table.text()}")
    return "\n\n".join(blocks)


if __name__ == "__main__":
    print(page(sys.argv[1], "--markdown" in sys.argv[2:]))
