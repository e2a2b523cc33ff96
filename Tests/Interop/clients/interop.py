"""The cases of the interoperability suite as the Python client passes them.

    interop.py CASE-ID HOST PORT CA.pem     exit code 0 when the case passes
    interop.py --list                       the ids of all cases there are

Needs the classes that protoc makes of steward/rpc/v1/*.proto and of the suite's own proto, and steward_client.py, on the path.
"""
import sys
import traceback
import uuid

from steward.interop.v1 import test_service_pb2 as pb
from steward.rpc.v1 import frame_pb2, status_pb2

import steward_client
from steward_client import Client, RPCError

SERVICE = "steward.interop.v1.TestService/"
PATIENCE = 30
UPLOAD = (27182, 8, 1828, 45904)
DOWNLOAD = (31415, 9, 2653, 58979)
SPECIAL_TEXT = " \t½ Größe: π ≈ 22/7\r\n漢字 😀\n "
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class World:
    """Clients of the server of a case."""

    def __init__(self, host, port, trust_root):
        self.host, self.port, self.trust_root, self.clients = host, port, trust_root, []

    def client(self, port=None, **hello):
        """A connection; `hello` are fields of steward.rpc.v1.Hello besides the usual ones."""
        if hello:
            usual = {"version_min": 1, "version_max": 1, "frame_bytes_max": 1 << 20, "message_bytes_max": 4 << 20}
            hello = {"hello": frame_pb2.Hello(**{**usual, **hello})}
        client = Client(self.host, port or self.port, self.trust_root, **hello)
        self.clients.append(client)
        return client

    def start_server(self, **limits):
        return unary(self.client(), "StartServer", **limits).port

    def close(self):
        for client in self.clients:
            client.close()


def unary(client, method, options=None, **fields):
    """A unary call of the test service: the fields are those of its request."""
    request = getattr(pb, method + "Request")(**fields)
    return client.unary(SERVICE + method, request, getattr(pb, method + "Response"), **{"timeout": PATIENCE, **(options or {})})


def start(client, method, **options):
    return client.start(SERVICE + method, getattr(pb, method + "Response"), **{"timeout": PATIENCE, **options})


def stream_output(client, **fields):
    call = start(client, "StreamingOutputCall")
    call.send(pb.StreamingOutputCallRequest(**fields), end=True)
    return call


def sizes(call):
    return [len(message.body) for message in call]


def expect(what, found, wanted):
    assert found == wanted, f"{what} is {found!r}, not {wanted!r}"


def expect_error(code, reason, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except RPCError as error:
        expect(f"the code of {error}", error.code, code)
        if reason:
            expect(f"the reason of {error}", error.reason, reason)
        return error
    raise AssertionError(f"the call ended well, not with {code}")


def expect_cancelled(client, key):
    """The handler of the call has learnt that nobody waits for it."""
    expect("the handler's cancellation", unary(client, "ReportCall", key=key, await_cancel=True).cancelled, True)


def exchange(client, request_size, response_size):
    answer = unary(client, "UnaryCall", body=bytes(request_size), response_size=response_size)
    expect("the request's length", answer.request_size, request_size)
    expect("the answer's length", len(answer.body), response_size)


# One message each way

@case
def empty_unary(world):
    unary(world.client(), "EmptyCall")


@case
def omitted_message(world):
    client = world.client()
    call = start(client, "EmptyCall")
    call.end()
    call.finish()
    call = start(client, "StreamingOutputCall")
    call.end()
    expect("the messages", sizes(call), [])


@case
def large_unary(world):
    exchange(world.client(), 271_828, 314_159)


@case
def huge_unary(world):
    exchange(world.client(), 3_000_000, 3_100_000)


@case
def small_frames(world):
    client = world.client(frame_bytes_max=16_384)
    exchange(client, 271_828, 314_159)
    text = "y" * 900
    details = [pb.Detail(key=f"key_{index}", value=text) for index in range(10)]
    error = expect_error("ABORTED", "LONG", unary, client, "UnaryCall", outcome=pb.Outcome(
        code=10, message=text, reason="LONG", details=details))
    expect("the details", len(error.status.details), 10)


@case
def metadata_unary(world):
    sent = {"echo-text": "tést".encode(), "echo-bytes": b"\xab\x00\xff"}
    call = start(world.client(), "UnaryCall", metadata={**sent, "kept-there": b"x"})
    call.send(pb.UnaryCallRequest(response_size=8), end=True)
    call.finish()
    expect("the header", call.header, sent)


@case
def metadata_refused(world):
    client = world.client()
    expect_error("INVALID_ARGUMENT", "METADATA_KEY_INVALID", unary, client, "EmptyCall", {"metadata": {"steward-mine": b"x"}})
    expect_error("RESOURCE_EXHAUSTED", "METADATA_TOO_LONG", unary, client, "EmptyCall", {"metadata": {"long": bytes(8193)}})
    unary(client, "EmptyCall")


@case
def request_id(world):
    client = world.client()
    expect("the request id", unary(client, "UnaryCall", {"request_id": "0197-order-7"}).request_id, "0197-order-7")
    expect_error("INVALID_ARGUMENT", "REQUEST_ID_INVALID", unary, client, "EmptyCall", {"request_id": "with space"})


@case
def trace(world):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = unary(world.client(), "UnaryCall", {"trace_parent": parent})
    expect("the trace", answer.trace_id, "0af7651916cd43dd8448eb211c80319c")


@case
def trace_malformed(world):
    answer = unary(world.client(), "UnaryCall", {"trace_parent": "00-0af7651916cd43dd8448eb211c80319c-zz-01"})
    expect("the length of the trace", len(answer.trace_id), 32)
    assert answer.trace_id != "0af7651916cd43dd8448eb211c80319c", "a malformed trace was continued"


@case
def many_calls(world):
    client, calls = world.client(), []
    for index in range(100):
        call = start(client, "UnaryCall")
        call.send(pb.UnaryCallRequest(response_size=index * 100, hold_ms=(99 - index) % 10), end=True)
        calls.append(call)
    for index, call in enumerate(calls):
        expect("the body", len(call.receive().body), index * 100)
        call.finish()


@case
def too_many_calls(world):
    client = world.client(world.start_server(calls_max=16))
    expect("the calls announced", client.server.calls_max, 16)
    watches = []
    for _ in range(16):
        call = start(client, "WatchCall")
        call.send(pb.WatchCallRequest(), end=True)
        assert call.receive() is not None
        watches.append(call)
    expect_error("RESOURCE_EXHAUSTED", "TOO_MANY_CALLS", unary, client, "EmptyCall")
    for call in watches:
        call.cancel()


@case
def request_too_long(world):
    client = world.client(world.start_server(message_bytes_max=100_000))
    expect_error("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LONG", unary, client, "UnaryCall", body=bytes(100_001))
    unary(client, "EmptyCall")


@case
def answer_too_long(world):
    client = world.client(message_bytes_max=65_536)
    expect_error("RESOURCE_EXHAUSTED", "ANSWER_TOO_LARGE", unary, client, "UnaryCall", response_size=65_536)
    unary(client, "UnaryCall", response_size=65_000)


@case
def malformed_request(world):
    client = world.client()
    call = start(client, "UnaryCall")
    call.begin()
    client.write(frame_pb2.Frame(call_id=call.id, payload=b"\x2a\x02\xff\xfe", end=True))  # a key that is not UTF-8
    expect_error("INVALID_ARGUMENT", "REQUEST_MALFORMED", call.receive)
    unary(client, "EmptyCall")


@case
def alternating_pieces(world):
    """Each message in pieces of 7 bytes, and those of two calls in turns."""
    client = world.client()
    body = bytes(range(100))
    data = pb.UnaryCallRequest(body=body, response_size=3).SerializeToString()
    calls = [start(client, "UnaryCall"), start(client, "UnaryCall")]
    for call in calls:
        call.begin()
    for at in range(0, len(data), 7):
        last = at + 7 >= len(data)
        for call in calls:
            frame = frame_pb2.Frame(call_id=call.id, payload=data[at:at + 7], more=not last)
            if last:
                frame.end = True
            client.write(frame)
    for call in calls:
        answer = call.receive()
        expect("the request's length", answer.request_size, 100)
        expect("the answer's length", len(answer.body), 3)
        call.finish()


# Streams

@case
def client_streaming(world):
    call = start(world.client(), "StreamingInputCall")
    for size in UPLOAD:
        call.send(pb.StreamingInputCallRequest(body=bytes(size)))
    call.end()
    expect("the answer", call.receive(), pb.StreamingInputCallResponse(count=4, size=74_922))
    call.finish()


@case
def server_streaming(world):
    expect("the lengths", sizes(stream_output(world.client(), response_sizes=DOWNLOAD)), list(DOWNLOAD))


@case
def ping_pong(world):
    call = start(world.client(), "FullDuplexCall")
    for size, answer_size in zip(UPLOAD, DOWNLOAD):
        call.send(pb.FullDuplexCallRequest(response_sizes=[answer_size], body=bytes(size)))
        expect("the length", len(call.receive().body), answer_size)
    call.end()
    expect("what comes last", call.receive(), None)


@case
def empty_stream(world):
    call = start(world.client(), "FullDuplexCall")
    call.end()
    expect("what comes", call.receive(), None)


@case
def half_duplex(world):
    call = start(world.client(), "HalfDuplexCall")
    for size in DOWNLOAD:
        call.send(pb.HalfDuplexCallRequest(response_sizes=[size]))
    call.end()
    expect("the lengths", sizes(call), list(DOWNLOAD))


@case
def metadata_stream(world):
    sent = {"echo-text": "tést".encode(), "echo-bytes": b"\xab\x00\xff"}
    call = start(world.client(), "StreamingOutputCall", metadata={**sent, "kept-there": b"x"})
    call.send(pb.StreamingOutputCallRequest(response_sizes=[1, 2]), end=True)
    expect("the header", call.wait_header(), sent)
    expect("the lengths", sizes(call), [1, 2])


@case
def sender_waits_for_credit(world):
    client = world.client(world.start_server(call_credit=65_536, connection_credit=262_144))
    expect("the credit announced", (client.server.call_credit, client.server.connection_credit), (65_536, 262_144))
    call = start(client, "StreamingInputCall")
    for size in [600_000] + [10_000] * 100:
        call.send(pb.StreamingInputCallRequest(body=bytes(size)))
    call.end()
    expect("the answer", call.receive(), pb.StreamingInputCallResponse(count=101, size=1_600_000))


@case
def tiny_windows(world):
    wanted = [1_500] * 100 + [1_200_000, 0, 0, 1]
    client = world.client(call_credit=1_000, connection_credit=1_000)
    expect("the lengths", sizes(stream_output(client, response_sizes=wanted)), wanted)


@case
def slow_reader(world):
    client = world.client(call_credit=65_536, connection_credit=1 << 20)
    key = str(uuid.uuid4())
    slow = stream_output(client, response_sizes=[10_000] * 100, key=key)
    expect("the first length", len(slow.receive().body), 10_000)
    for _ in range(3):
        expect("the other call's length", len(unary(client, "UnaryCall", response_size=300_000).body), 300_000)
    written = unary(client, "ReportCall", key=key).written
    assert written < 20, f"the server wrote {written} messages of 10,000 into 65,536 bytes of credit"
    expect("the rest", len(sizes(slow)), 99)


# How calls end

@case
def status(world):
    outcome = pb.Outcome(code=2, message="asked for", reason="WANTED")
    client = world.client()
    expect_error("UNKNOWN", "WANTED", unary, client, "UnaryCall", outcome=outcome)
    call = start(client, "FullDuplexCall")
    call.send(pb.FullDuplexCallRequest(outcome=outcome))
    expect("the message", expect_error("UNKNOWN", "WANTED", call.receive).status.message, "asked for")


@case
def status_every_code(world):
    client = world.client()
    for code in range(1, 17):
        outcome = pb.Outcome(code=code, message=f"code {code}", reason="CODE")
        expect_error(status_pb2.Code.Name(code), "CODE", unary, client, "UnaryCall", outcome=outcome)


@case
def status_special_text(world):
    outcome = pb.Outcome(code=2, message=SPECIAL_TEXT, reason="WANTED")
    error = expect_error("UNKNOWN", "WANTED", unary, world.client(), "UnaryCall", outcome=outcome)
    expect("the message", error.status.message, SPECIAL_TEXT)


@case
def status_details(world):
    violations = [pb.Violation(field="body", reason="TOO_LONG", description="12 of 10"),
                  pb.Violation(field="key", reason="REQUIRED", description="missing")]
    outcome = pb.Outcome(code=3, message="two fields", reason="TOO_LONG", retry_ms=1500, violations=violations,
                         details=[pb.Detail(key="length", value="12"), pb.Detail(key="limit", value="10")])
    found = expect_error("INVALID_ARGUMENT", "TOO_LONG", unary, world.client(), "UnaryCall", outcome=outcome).status
    expect("the domain", found.domain, "interop")
    expect("the details", [(entry.key, entry.value) for entry in found.details], [("length", "12"), ("limit", "10")])
    expect("the fields", [(entry.field, entry.reason, entry.description) for entry in found.field_violations],
           [("body", "TOO_LONG", "12 of 10"), ("key", "REQUIRED", "missing")])
    expect("the delay", found.retry.delay_ms, 1500)


@case
def status_after_messages(world):
    call = stream_output(world.client(), response_sizes=[1, 2, 3], outcome=pb.Outcome(code=5, reason="GONE"))
    expect("the messages before", [len(call.receive().body) for _ in range(3)], [1, 2, 3])
    expect_error("NOT_FOUND", "GONE", call.receive)


@case
def unknown_method(world):
    expect_error("UNIMPLEMENTED", "METHOD_UNKNOWN", unary, world.client(), "UnimplementedCall")


@case
def unknown_service(world):
    method = "steward.interop.v1.Nowhere/EmptyCall"
    expect_error("UNIMPLEMENTED", "SERVICE_UNKNOWN", world.client().unary, method, pb.EmptyCallRequest(), pb.EmptyCallResponse)


@case
def deadline_unary(world):
    client, key = world.client(), str(uuid.uuid4())
    error = expect_error(
        "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", unary, client, "UnaryCall", {"timeout": 0.3}, hold_ms=60_000, key=key)
    expect("the domain of the side that kept time", error.status.domain, "rpc")
    expect_cancelled(client, key)


@case
def deadline_stream(world):
    client, key = world.client(), str(uuid.uuid4())
    call = start(client, "StreamingOutputCall", timeout=0.3)
    call.send(pb.StreamingOutputCallRequest(response_sizes=[1], stay=True, key=key), end=True)
    expect("the first message", len(call.receive().body), 1)
    error = expect_error("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", call.receive)
    expect("the domain of the side that kept time", error.status.domain, "rpc")
    expect_cancelled(client, key)


@case
def cancel_before_answer(world):
    client, key = world.client(), str(uuid.uuid4())
    call = start(client, "UnaryCall")
    call.send(pb.UnaryCallRequest(hold_ms=60_000, key=key), end=True)
    unary(client, "ReportCall", key=key, await_begin=True)
    call.cancel("changed my mind")
    expect_error("CANCELLED", None, call.receive)
    expect_cancelled(client, key)


@case
def cancel_after_answer(world):
    client, key = world.client(), str(uuid.uuid4())
    call = start(client, "FullDuplexCall")
    call.send(pb.FullDuplexCallRequest(response_sizes=[9], key=key))
    expect("the first message", len(call.receive().body), 9)
    call.cancel()
    expect_error("CANCELLED", None, call.receive)
    expect_cancelled(client, key)


# The connection

@case
def go_away_during_call(world):
    client = world.client(world.start_server())
    call = start(client, "FullDuplexCall")
    call.send(pb.FullDuplexCallRequest(response_sizes=[1]))
    expect("the first message", len(call.receive().body), 1)
    unary(client, "DrainServer")
    assert client.wait(lambda: client.drained is not None, steward_client.time.monotonic() + PATIENCE), "no go-away came"
    expect("its code", client.drained.code, status_pb2.OK)
    error = expect_error("UNAVAILABLE", None, unary, client, "EmptyCall")
    expect("that the call was begun", error.begun, False)
    call.send(pb.FullDuplexCallRequest(response_sizes=[2]))
    expect("the second message", len(call.receive().body), 2)
    call.end()
    expect("what comes last", call.receive(), None)
    assert client.wait(lambda: client.closed is not None, steward_client.time.monotonic() + PATIENCE), "not closed"


@case
def go_away_ends_watch(world):
    client = world.client(world.start_server())
    watch = start(client, "WatchCall")
    watch.send(pb.WatchCallRequest(), end=True)
    assert watch.receive() is not None
    unary(client, "DrainServer")
    expect_error("UNAVAILABLE", "DRAINING", watch.receive)


@case
def keepalive(world):
    unary(world.client(world.start_server(ping_ms=200)), "UnaryCall", hold_ms=3_000)


@case
def hello_versions(world):
    client = world.client(version_min=1, version_max=2)
    unary(client, "EmptyCall")
    assert client.server.version_min <= 1 <= client.server.version_max, "the server does not speak version 1"


@case
def hello_refused(world):
    expect_error("FAILED_PRECONDITION", "HELLO_REFUSED", refused, world, version_min=2, version_max=2)
    expect_error("FAILED_PRECONDITION", "HELLO_REFUSED", refused, world, frame_bytes_max=16_383)


def refused(world, **hello):
    client = world.client(**hello)
    client.wait(lambda: client.closed is not None, steward_client.time.monotonic() + PATIENCE)
    raise RPCError(client.closed)


@case
def unknown_fields(world):
    extra = b"\xa0\x06\x01\xaa\x06\x03new"  # field 100, a number, and field 101, three bytes
    hello = frame_pb2.Hello(version_min=1, version_max=1, frame_bytes_max=1 << 20, message_bytes_max=4 << 20)
    hello.MergeFromString(extra)
    client = Client(world.host, world.port, world.trust_root, hello=hello)
    world.clients.append(client)
    call = start(client, "EmptyCall")
    call._start.MergeFromString(extra)
    frame = frame_pb2.Frame(payload=extra, end=True)
    frame.MergeFromString(extra)
    call._write(frame)
    call.finish()
    unary(client, "EmptyCall")


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(CASES))
        return 0
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        return 64
    name, host, port, trust_root = sys.argv[1:]
    if name not in CASES:
        print(f"there is no case {name}")
        return 1
    world = World(host, int(port), trust_root)
    try:
        CASES[name](world)
    except Exception:  # whatever went wrong, the case has not passed
        traceback.print_exc(file=sys.stdout)
        return 1
    finally:
        world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
