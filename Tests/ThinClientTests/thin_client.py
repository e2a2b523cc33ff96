"""A client of the Steward protocol in plain Python, written from proto/README.md alone.

  thin_client.py HOST:PORT CA.pem SERVER-NAME METHOD [HEX-PAYLOAD …]

Calls METHOD with each payload as one request message and prints each response message as a line of hex, then the
status as a line: OK, or CODE DOMAIN/REASON: message. Exit code: the status code, 100 when the server went away.
"""
import socket
import ssl
import struct
import sys


# The gateway's certificate carries it, and no other program's of the installation.
GATEWAY_NAME = "gateway.steward.internal"


def varint(n):
    out = b""
    while n > 0x7F:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


def field(number, value):
    """One protobuf field: a number as varint, bytes or text as length-delimited."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data):
    """The fields of a message: {number: [values]}."""
    found, at = {}, 0

    def read_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = read_varint()
        value = read_varint()
        if tag & 7 == 2:
            at, value = at + value, data[at : at + value]
        found.setdefault(tag >> 3, []).append(value)
    return found


class GoneAway(Exception):
    """The server takes no more calls."""


class Client:
    CALL_ID, START, PAYLOAD, MORE, END, STATUS, HELLO, PING, GO_AWAY = 1, 2, 4, 5, 6, 7, 10, 11, 12

    def __init__(self, host, port, trust_roots, server_name=GATEWAY_NAME, source=None):
        context = ssl.create_default_context(cafile=trust_roots)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["steward/1"])
        plain = socket.create_connection((host, port), source_address=source)
        # Else the end of a request longer than a segment waits for an acknowledgement of its beginning.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname=server_name)
        self.last_call_id = 0
        hello = field(1, 1) + field(2, 1) + field(3, "thin-client/1") + field(4, 1 << 20) + field(5, 4 << 20)
        self.send(field(self.HELLO, hello))

    def send(self, *frames):
        """Sends frames together, in as few packets as they fit in."""
        self.socket.sendall(b"".join(struct.pack(">I", len(frame)) + frame for frame in frames))

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise GoneAway("the server closed the connection")
            data += piece
        return data

    def receive(self):
        """The next frame of a call; answers pings on the way."""
        while True:
            (length,) = struct.unpack(">I", self.read(4))
            frame = fields(self.read(length))
            for ping in frame.get(self.PING, []):
                if 2 not in fields(ping):
                    self.send(field(self.PING, ping + field(2, 1)))
            for go_away in frame.get(self.GO_AWAY, []):
                status = fields(fields(go_away).get(2, [b""])[0])
                if status.get(1, [0])[0] != 0:
                    raise GoneAway(describe(status))
            if self.CALL_ID in frame:
                return frame

    def call(self, method, requests, timeout_ms=30_000, request_id=None):
        """Sends the request messages; yields ("message", bytes) for each response and last ("status", fields)."""
        self.last_call_id += 1
        call_id = field(self.CALL_ID, self.last_call_id)
        start = field(1, method) + field(2, timeout_ms) + (field(3, request_id) if request_id else b"")
        start = field(self.START, start)
        if len(requests) == 1:
            self.send(call_id + start + field(self.PAYLOAD, requests[0]) + field(self.END, 1))
        else:
            messages = [call_id + field(self.PAYLOAD, request) for request in requests]
            self.send(call_id + start, *messages, call_id + field(self.END, 1))
        message = b""
        while True:
            frame = self.receive()
            if frame[self.CALL_ID][0] != self.last_call_id:
                continue
            for payload in frame.get(self.PAYLOAD, []):
                message += payload
                if not frame.get(self.MORE):
                    yield "message", message
                    message = b""
            for status in frame.get(self.STATUS, []):
                yield "status", fields(status)
                return


def describe(status):
    text = {number: values[0].decode() for number, values in status.items() if number in (2, 3, 4)}
    code = status.get(1, [0])[0]
    return "OK" if code == 0 else f"{code} {text.get(4, '')}/{text.get(3, '')}: {text.get(2, '')}"


def main(address, trust_roots, server_name, method, *payloads):
    host, port = address.rsplit(":", 1)
    try:
        client = Client(host, int(port), trust_roots, server_name)
        for kind, value in client.call(method, [bytes.fromhex(text) for text in payloads] or [b""]):
            print(value.hex() if kind == "message" else describe(value))
        return value.get(1, [0])[0]
    except GoneAway as reason:
        print(reason)
        return 100


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
