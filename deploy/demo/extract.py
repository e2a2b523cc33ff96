#!/usr/bin/env python3
"""Makes the CSV files of the demo workspace from the data sets they are an extract of.

    deploy/demo/extract.py FEBRL1.csv CDNOW_SAMPLE.txt

README.md beside this file says where the data sets come from and what the extract means.
"""
import csv
import datetime
import pathlib
import sys
from collections import defaultdict

CONTACTS = 300
ACCOUNTS = 200
# The day the demo pretends to be: orders before it are history, orders after it are what the sales people hope for.
TODAY = datetime.date(1997, 10, 1)


def main(febrl, cdnow):
    folder = pathlib.Path(__file__).parent
    write(folder / "contacts.csv", contacts(febrl))
    customers = [(key, orders) for key, orders in sorted(read_orders(cdnow).items()) if is_regular(orders)]
    write(folder / "accounts.csv", [account(*each) for each in customers[:ACCOUNTS]])
    write(folder / "deals.csv", [deal(*each) for each in customers[:ACCOUNTS]])


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path}: {len(rows)} rows")


def contacts(path):
    """The first rows that have both names and a real day of birth, duplicates included, as in life."""
    rows = []
    with open(path, encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file, skipinitialspace=True), start=1):
            birth = day(row["date_of_birth"])
            if not (row["given_name"] and row["surname"] and birth):
                continue
            street = " ".join(filter(None, [row["street_number"], row["address_1"].title()]))
            rows.append({
                "external_id": f"febrl1-{number:04}",
                "given_name": row["given_name"].title(),
                "family_name": row["surname"].title(),
                "birth_date": birth.isoformat(),
                "street": street,
                "city": row["suburb"].title(),
                "region": row["state"].upper(),
                "postal_code": row["postcode"],
                "country_code": "AU",
            })
    return rows[:CONTACTS]


def day(text):
    try:
        return datetime.datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return None


def read_orders(path):
    """Orders of each customer, oldest first: (day, number of CDs, cents)."""
    orders = defaultdict(list)
    with open(path, encoding="ascii") as file:
        for line in file:
            customer, _, when, count, dollars = line.split()
            orders[customer].append((day(when), int(count), round(float(dollars) * 100)))
    return {customer: sorted(list_) for customer, list_ in orders.items()}


def is_regular(orders):
    return sum(1 for when, _, cents in orders if when < TODAY and cents > 0) >= 2


def account(customer, orders):
    past = [order for order in orders if order[0] < TODAY]
    count, cents = sum(order[1] for order in past), sum(order[2] for order in past)
    return {
        "external_id": f"cdnow-{customer}",
        "display_name": f"CDNOW customer {customer}",
        "description": f"Bought {count} CDs for ${cents / 100:,.2f} in {len(past)} orders, "
        f"{past[0][0]} to {past[-1][0]}.",
    }


def deal(customer, orders):
    """The next order is an open deal, the nearer the further on; a customer without one was won lately or lost."""
    coming = [order for order in orders if order[0] >= TODAY and order[2] > 0]
    past = [order for order in orders if order[0] < TODAY and order[2] > 0]
    if coming:
        when, count, cents = coming[0]
        months = (when.year - TODAY.year) * 12 + when.month - TODAY.month
        stage = "Negotiation" if months < 2 else "Proposal" if months < 5 else "Qualified"
    else:
        when, count, cents = past[-1]
        stage = "Won" if (TODAY - when).days <= 120 else "Lost"
    silent = (TODAY - when).days
    return {
        "external_id": f"cdnow-{customer}-{when:%Y%m%d}",
        "display_name": f"{count} {'CD' if count == 1 else 'CDs'} for customer {customer}",
        "account.external_id": f"cdnow-{customer}",
        "stage.display_name": stage,
        "amount.currency_code": "USD",
        "amount.minor_units": cents,
        "close_date": when.isoformat(),
        "outcome_reason": f"No further order for {silent} days" if stage == "Lost" else "",
    }


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
