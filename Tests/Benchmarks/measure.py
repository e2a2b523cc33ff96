"""measure.py PART … : takes the measurements of a part, prints its tables and goals and writes them as JSON.

  measure.py echo|stream|connections TOOLS ECHO FOLDER QUICK RESULTS
  measure.py crm|fields|search|sharing|batches|bulk|signin|watch|tenants|neighbours|provisioning|yardstick TOOLS STATE FOLDER QUICK RESULTS

TOOLS has the programs in C and C++, ECHO is steward-echo, STATE the installation that lib.sh has started, FOLDER takes what
is made on the way. QUICK is yes for a smoke run, whose figures mean little. RESULTS is the JSON file.
"""
import sys

import batches
import bulk
import connections
import crm
import echo
import fields_of_tenants
import neighbours
import provisioning
import search
import sharing
import signin
import stream
import tenants
import thresholds
import watch
import yardstick
from page import write_part


def measure_echo(tools, subject, folder, is_quick):
    rows = echo.summary(echo.measure(tools, subject, folder, *((1, 0.3) if is_quick else (5, 2))))
    return *echo.report(rows), rows


def measure_stream(tools, subject, folder, is_quick):
    results = stream.measure(tools, subject, folder, *((1, 0.3) if is_quick else (5, 2)))
    return *stream.report(results), list(results.values())


def measure_connections(tools, subject, folder, is_quick):
    opening = connections.measure_opening(tools, subject, folder, *((1, 0.3) if is_quick else (3, 3)))
    count, seconds = (200, 1) if is_quick else (connections.IDLE_COUNT, connections.PING_SECONDS)
    idling = connections.measure_idling(tools, subject, folder, count, seconds)
    return *connections.report(opening, idling), [list(opening.values()), idling]


def measure_crm(tools, subject, folder, is_quick):
    rows, allocations = crm.measure(tools, subject, folder, seconds=1 if is_quick else 8)
    return *crm.report(rows, allocations), [rows, allocations]


def measure_fields(tools, state, folder, is_quick):
    told = fields_of_tenants.measure(crm.Installation(state), tools, folder, 1 if is_quick else 6, is_quick)
    return *fields_of_tenants.report(*told), told


def measure_search(tools, state, folder, is_quick):
    told = search.measure(crm.Installation(state), tools, folder, 0.5 if is_quick else 4, is_quick)
    return *search.report(*told), told


def measure_sharing(tools, state, folder, is_quick):
    rows = sharing.measure(crm.Installation(state), tools, folder, 1 if is_quick else 6, is_quick)
    return *sharing.report(rows, is_quick), rows


def measure_batches(tools, state, folder, is_quick):
    rows = batches.measure(crm.Installation(state), 1 if is_quick else 10)
    return *batches.report(rows), rows


def measure_bulk(tools, state, folder, is_quick):
    told = bulk.measure(crm.Installation(state), folder, is_quick)
    return *bulk.report(told), told


def measure_provisioning(tools, state, folder, is_quick):
    looks, idled = provisioning.measure(crm.Installation(state), is_quick)
    return *provisioning.report(looks, idled), [looks, idled]


def measure_signin(tools, state, folder, is_quick):
    alone, rows, guessed = signin.measure(state, seconds=3 if is_quick else 18)
    return *signin.report(alone, rows, guessed), [alone, rows, guessed]


def measure_watch(tools, state, folder, is_quick):
    row = watch.measure(state, watchers=200, rate=200, seconds=3 if is_quick else 20)
    caught = watch.catch_up(state, 2 * watch.BATCH if is_quick else watch.MISSED)
    return *watch.report(row, caught), {"live": row, "catching up": caught}


def measure_tenants(tools, subject, folder, is_quick):
    rows, idled = tenants.measure(crm.Installation(subject), tools, folder, 1 if is_quick else 10, is_quick)
    return *tenants.report(rows, idled), [rows, idled]


def measure_neighbours(tools, subject, folder, is_quick):
    rows = neighbours.measure(crm.Installation(subject), 2 if is_quick else 15)
    return *neighbours.report(rows), rows


def measure_yardstick(tools, subject, folder, is_quick):
    rows = yardstick.measure(crm.Installation(subject), tools, folder, is_quick)
    return *yardstick.report(rows), rows


PARTS = {"echo": measure_echo, "stream": measure_stream, "connections": measure_connections, "crm": measure_crm,
         "fields": measure_fields, "search": measure_search, "sharing": measure_sharing,
         "batches": measure_batches, "bulk": measure_bulk,
         "tenants": measure_tenants, "neighbours": measure_neighbours,
         "signin": measure_signin, "watch": measure_watch, "provisioning": measure_provisioning, "yardstick": measure_yardstick}


def main(part, tools, subject, folder, quick, results):
    tables, goals, raw = PARTS[part](tools, subject, folder, quick == "yes")
    write_part(results, tables, goals, quick=quick == "yes", raw=raw)
    thresholds.check(goals)


if __name__ == "__main__":
    main(*sys.argv[1:])
