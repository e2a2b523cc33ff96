"""Writes the seeds of the corpus: small inputs that a fuzzer begins with, as real clients and operators write them."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(here, "..", "ThinClientTests"))
from thin_client import field, varint  # noqa: E402

ID = "018f4a60-0000-7000-8000-000000000001"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def frame(*parts):
    body = b"".join(parts)
    return len(body).to_bytes(4, "big") + body


def hello():
    return field(10, field(1, 1) + field(2, 1) + field(3, "demo/1") + field(4, 1 << 20) + field(5, 4 << 20)
                 + field(7, 65536) + field(8, 262144))


def start(method, **more):
    body = field(1, method) + field(2, more.get("timeout", 5000))
    body += field(3, "request-1") + field(4, TRACE) + field(5, "a=b") if "rich" in more else b""
    body += field(6, field(1, "key") + field(2, b"value")) * more.get("metadata", 0)
    return field(2, body)


def status():
    violation = field(1, "display_name") + field(2, "REQUIRED") + field(3, "It is missing.")
    conflict = field(1, "Account") + field(2, b"b") + field(3, b"m") + field(4, b"t") + field(5, "city")
    return field(7, field(1, 10) + field(2, "Changed meanwhile.") + field(3, "VERSION_CONFLICT") + field(4, "records")
                 + field(5, field(1, "id") + field(2, ID)) + field(6, violation) + field(7, field(1, 250))
                 + field(8, conflict) + field(9, field(1, 1) + field(2, 99) + field(3, 1000)))


CALL = start("f.v1.S/Echo")
NOTE = field(4, field(1, "k") + field(2, "v"))

FRAMES = {
    "hello": frame(hello()),
    "unary-call": frame(hello()) + frame(field(1, 1), start("steward.rpc.v1.HealthService/CheckHealth"), field(4, b""), field(6, 1)),
    "rich-start": frame(field(1, 1), start("a.B/C", rich=True, metadata=3)),
    "answer": frame(field(1, 1), field(3, field(1, "k") + field(2, b"v")) * 2, NOTE, field(7, b"")),
    "status": frame(field(1, 2), status()),
    "pieces": frame(field(1, 1), field(4, b"first"), field(5, 1)) + frame(field(1, 1), field(4, b"last"), field(6, 1)),
    "control": frame(field(9, 4096)) + frame(field(11, field(1, 7))) + frame(field(12, field(1, 3))) + frame(field(1, 1), field(8, field(1, "bye"))),
    "empty-frame": frame(),
    "too-long": (1 << 20).to_bytes(4, "big") + b"x",
}


def chunk(*parts):
    body = b"".join(parts)
    return bytes([len(body)]) + body


def call(number, method, *rest):
    return chunk(field(1, number), start(method), *rest)


CONNECTION = {
    "echo": b"\x01" + call(1, "f.v1.S/Echo", NOTE, field(6, 1)),
    "cancelled-wait": b"\x01" + call(1, "f.v1.S/Wait", NOTE, field(6, 1)) + chunk(field(1, 1), field(8, field(1, "bye"))),
    "left-wait": b"\x01" + call(1, "f.v1.S/Wait", NOTE, field(6, 1)) + call(2, "f.v1.S/Wait", NOTE, field(6, 1)),
    "many-with-credit": b"\x01" + call(1, "f.v1.S/Many", NOTE, field(6, 1)) + chunk(field(1, 1), field(9, 5000)) + chunk(field(9, 9000)),
    "join": b"\x01" + call(1, "f.v1.S/Join") + chunk(field(1, 1), NOTE) * 3 + chunk(field(1, 1), field(6, 1)),
    "chat": b"\x01" + call(1, "f.v1.S/Chat") + chunk(field(1, 1), NOTE) + chunk(field(1, 1), NOTE, field(6, 1)),
    "in-pieces": b"\x01" + call(1, "f.v1.S/Join", field(4, b"\x0a\x01"), field(5, 1)) + chunk(field(1, 1), field(4, b"k"), field(6, 1)),
    "unknown-method": b"\x01" + call(1, "f.v1.S/None", field(6, 1)) + call(2, "x.Y/Z", field(6, 1)),
    "pings": b"\x01" + chunk(field(11, field(1, 7))) * 25,
    "own-hello": b"\x00" + chunk(hello()) + call(1, "f.v1.S/Echo", NOTE, field(6, 1)),
    "no-hello": b"\x00" + call(1, "f.v1.S/Echo", NOTE, field(6, 1)),
    "raw": b"\x01" + bytes([0x86]) + b"\x00\x00\x00\x02\x08\x01",
    "reused-id": b"\x01" + call(2, "f.v1.S/Echo", NOTE, field(6, 1)) + call(1, "f.v1.S/Echo", NOTE, field(6, 1)),
    "go-away": b"\x01" + call(1, "f.v1.S/Wait", field(6, 1)) + chunk(field(12, field(1, 9))),
}


def text_filter(kind, text):
    return bytes([kind << 4]) + text.encode()


def tree(kind, message):
    return bytes([kind << 4 | 8]) + message


def compare(name, operator, *values):
    return field(4, field(1, name) + field(2, operator) + b"".join(field(3, value) for value in values))


FILTERS = {
    "text-and-or": text_filter(0, "city = Berlin and not (display_name ~ 'Müller & \\u0042o' or phone is set)"),
    "text-in": text_filter(0, f"owner_id in ({ID}) and annual_revenue.minor_units >= 12"),
    "text-time": text_filter(0, "create_time > 2026-01-31T09:30:00Z and update_time <= '2026-02-01'"),
    "text-nested": text_filter(1, 'contact_points.value = "a@b.example" or contact_points.kind = email'),
    "text-enum": text_filter(2, "kind = ACTIVITY_KIND_CALL and duration_seconds not in (1, 2) and subject ^= 'x'"),
    "tree-compare": tree(0, compare("city", 1, field(1, "Berlin"))),
    "tree-groups": tree(0, field(1, field(1, compare("city", 10)) + field(1, field(3, compare("version", 3, field(2, 7)))))),
    "tree-time": tree(0, field(2, field(1, compare("create_time", 5, field(5, field(1, 1767225600) + field(2, 5)))))),
    "order": bytes([0x0f]) + b"city desc\ndisplay_name",
    "order-money": bytes([0x0f]) + b"annual_revenue.minor_units DESC",
}

SETTINGS = {
    "file": b"\x00loops: 2\ndrainDeadline: 20s\nlimits:\n  bytes: 64KiB\nname: gateway\npeers: [1, 2]\nlog:\n  level: debug\n",
    "file-wrong": b"\x00loops: many\nlimits:\n  byte: 1\nenabled: maybe\n",
    "file-flow": b"\x00{loops: 3, 'name': \"x\\u00e4\", peers: [7]}\n",
    "set": b"\x02loops=3\ndrainDeadline=250ms\nlimits.bytes=1MiB\nenabled=on\npeers=1,2, 3",
    "set-units": b"\x021h\n7d\n5m\n250us\n2GiB\n512B",
    "environment": b"\x03STEWARD_LOOPS=4\nSTEWARD_DRAIN_DEADLINE=1m\nSTEWARD_LIMITS_BYTES=1KiB\nSTEWARD_LOPS=1\nPATH=/bin",
}

TOKENS = {
    "trace-parent": b"\x00" + TRACE.encode(),
    "trace-parent-later": b"\x00cc" + TRACE.encode()[2:] + b"-more",
    "caller-token": b"\x01" + field(1, field(1, bytes(16)) + field(2, bytes(16)) + field(3, bytes(16)) + field(5, 1)) + field(2, field(1, "sales") + field(2, bytes(16))),
    "page-token": b"\x02AQAAAAAAAAAEQWNtZQIBj0pgAAAAcIAAAAAAAAAB0123456789abcdefghijkl",
    "keyset": b"\x03\x01" + (4).to_bytes(8, "big") + b"Acme\x00\x03" + (7).to_bytes(8, "big") + b"\x06" + (1 << 40).to_bytes(8, "big"),
    "id": b"\x04" + ID.encode(),
    "time": b"\x042026-11-21T09:30:00.25+02:00",
    "day": b"\x042026-02-28",
    "row": b"\x05" + '{"id": "%s", "display_name": "A\\u00e4\\ud83d\\ude00", "version": 7, "create_time": "2026-01-01T00:00:00Z", "annual_revenue": {"currency_code": "EUR", "minor_units": 5}, "x": [1, {"y": null}]}'.replace("%s", ID).encode(),
}

MESSAGES = {
    # The first byte chooses the type; other types are a change of one byte away.
    f"account-{first}": bytes([first]) + field(1, field(1, ID) + field(2, "Acme") + field(3, 7)) + field(2, "text") + varint(0x28) + varint(5)
    for first in (0, 40, 80, 120)
}
MESSAGES["nested"] = bytes([60]) + field(1, field(1, field(1, field(1, field(1, field(1, "deep"))))))
MESSAGES["many-elements"] = bytes([61]) + field(1, b"") * 40
MESSAGES["unknown-fields"] = bytes([62]) + field(1000, "x") + varint(1001 << 3 | 1) + bytes(8) + varint(1002 << 3 | 5) + bytes(4)

for target, seeds in {"frames": FRAMES, "connection": CONNECTION, "filters": FILTERS, "settings": SETTINGS,
                      "tokens": TOKENS, "messages": MESSAGES}.items():
    folder = os.path.join(here, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    for name, seed in seeds.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(seed)
