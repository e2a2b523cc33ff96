"""A complete client of the Steward protocol: Python's own TLS, Google's protobuf, and this file.

Written from proto/README.md; the numbers in parentheses are its sections. The classes of the messages are made by protoc:

    protoc -I proto --python_out=generated proto/steward/*/v1/*.proto
    PYTHONPATH=generated:Tests/ThinClientTests/python python3 …

One connection, many calls, one thread: whoever waits for one call moves all of them. A program that does nothing for long
calls `pump` now and then, so that the server's pings are answered.
"""
import collections
import math
import select
import socket
import ssl
import struct
import time

from steward.rpc.v1 import frame_pb2, status_pb2

VERSION = 1
HEARD_SECONDS, ANSWER_SECONDS = 30, 10  # (9) how long silence may last, and then the answer to a ping
CONNECT_SECONDS = 10
LATE_SECONDS = 2  # the server ends a call that is out of time; so much later the client does it itself
COST_MIN = 64  # (6) what a payload costs at least
FRAME_ROOM = 48  # call_id, the head of the payload, more and end take less
UNSENT_BYTES_MAX = 1 << 20  # what may wait for the socket before `send` waits too


class RPCError(Exception):
    """A call that did not end with OK. `status` is the whole steward.rpc.v1.Status."""

    def __init__(self, status, begun=True):
        code = status_pb2.Code.Name(status.code)
        super().__init__(f"{code} {status.domain}/{status.reason}: {status.message}")
        self.status, self.code, self.reason = status, code, status.reason
        self.begun = begun  # False: the server certainly did not begin it; it may be sent again elsewhere


# The gateway's certificate carries it, and no other program's of the installation.
GATEWAY_NAME = "gateway.steward.internal"


def made_here(code, reason, message):
    return status_pb2.Status(code=code, reason=reason, domain="client", message=message)


class Client:
    """A connection. `hello` says what the server may send; left out, nothing is counted and frames have 1 MiB."""

    def __init__(self, host, port, trust_root, server_name=GATEWAY_NAME, hello=None):
        context = ssl.create_default_context(cafile=trust_root)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["steward/1"])
        plain = socket.create_connection((host, port), CONNECT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=server_name)
        self._socket.setblocking(False)
        self._hello = hello or frame_pb2.Hello(
            version_min=VERSION, version_max=VERSION, agent="steward-python/1",
            frame_bytes_max=1 << 20, message_bytes_max=4 << 20)
        self.server = None  # the server's hello
        self.drained = None  # the status of the server's go-away
        self.closed = None  # why the connection is gone
        self._out, self._in = bytearray(), bytearray()
        self._calls, self._last_id = {}, 0
        self._credit, self._owed = math.inf, 0
        self._heard = time.monotonic()
        self._pinged = None
        self.write(frame_pb2.Frame(hello=self._hello))
        # (3) The first calls might leave together with the hello; waiting makes all limits known.
        deadline = time.monotonic() + CONNECT_SECONDS
        while self.server is None and self.closed is None and time.monotonic() < deadline:
            self.pump(deadline - time.monotonic())
        if self.server is None:
            status = self.closed or made_here("DEADLINE_EXCEEDED", "HELLO_TIMEOUT", "The server did not say hello.")
            self.close()
            raise RPCError(status, begun=False)

    # Calls

    def start(self, method, response_type, timeout=None, **start):
        """Opens a call of any kind. `start` are fields of steward.rpc.v1.Start; metadata may be a dict."""
        if self.closed or self.drained:
            raise RPCError(made_here("UNAVAILABLE", "NOT_BEGUN", "The connection takes no new calls."), begun=False)
        entries = [frame_pb2.Entry(key=key, value=value) for key, value in start.pop("metadata", {}).items()]
        head = frame_pb2.Start(method=method, metadata=entries, **start)
        if timeout is not None:
            head.timeout_ms = max(1, int(timeout * 1000))
        self._last_id += 1
        call = self._calls[self._last_id] = Call(self, self._last_id, head, response_type, timeout)
        return call

    def unary(self, method, request, response_type, **options):
        """One message each way. Raises RPCError when the status is not OK."""
        call = self.start(method, response_type, **options)
        call.send(request, end=True)
        response = call.receive()
        if response is not None:
            call.finish()
        return response if response is not None else response_type()  # (4) an empty message may be left out

    def stream(self, method, request, response_type, **options):
        """One request, any number of answers, as they come."""
        call = self.start(method, response_type, **options)
        call.send(request, end=True)
        return call

    def close(self):
        self._fail(made_here("UNAVAILABLE", "CLIENT_CLOSED", "The client has closed the connection."))

    # The connection

    def write(self, frame):
        """Puts a frame into the buffer; `pump` writes it to the socket."""
        data = frame.SerializeToString()
        self._out += struct.pack(">I", len(data)) + data

    def pump(self, seconds=0):
        """Writes and reads what there is, and waits at most so long when there is nothing."""
        if self.closed:
            return
        self._keep_alive()
        if not self._move():
            wait = max(0, min(seconds, 1))
            select.select([self._socket], [self._socket] if self._out else [], [], wait)
            self._move()

    def wait(self, condition, deadline=math.inf):
        """Pumps until the condition holds; False when the time is over before."""
        while not condition():
            if time.monotonic() >= deadline:
                return False
            self.pump(deadline - time.monotonic())
        return True

    def _move(self):
        moved = False
        try:
            while self._out:
                del self._out[:self._socket.send(self._out)]
                moved = True
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            self._fail(made_here("UNAVAILABLE", "CONNECTION_LOST", str(error)))
        try:
            while not self.closed:
                data = self._socket.recv(1 << 16)
                if not data:
                    self._fail(made_here("UNAVAILABLE", "CONNECTION_LOST", "The server has closed the connection."))
                    break
                moved = True
                self._in += data
                self._cut()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            self._fail(made_here("UNAVAILABLE", "CONNECTION_LOST", str(error)))
        return moved

    def _cut(self):
        """(2) Takes whole frames out of what has come."""
        at = 0
        while len(self._in) - at >= 4:
            (length,) = struct.unpack_from(">I", self._in, at)
            if not 1 <= length <= self._hello.frame_bytes_max:
                return self._fail(made_here("INTERNAL", "FRAME_TOO_LONG", f"The server sent a frame of {length} bytes."))
            if len(self._in) - at < 4 + length:
                break
            frame = frame_pb2.Frame.FromString(bytes(self._in[at + 4:at + 4 + length]))
            at += 4 + length
            self._heard, self._pinged = time.monotonic(), None
            self._take(frame)
        del self._in[:at]

    def _take(self, frame):
        if frame.call_id:
            call = self._calls.get(frame.call_id)
            if call is not None:  # (4) what was under way when a call ended is ignored
                call._take(frame)
            cost = max(COST_MIN, len(frame.payload)) if frame.HasField("payload") else 0
            self._owed = self._give(self._owed + cost, self._hello, "connection_credit", 0)
            return
        if frame.HasField("hello"):
            self.server = frame.hello
            self._credit = frame.hello.connection_credit if frame.hello.HasField("connection_credit") else math.inf
        self._credit += frame.credit
        if frame.HasField("ping") and not frame.ping.answer:
            self.write(frame_pb2.Frame(ping=frame_pb2.Ping(token=frame.ping.token, answer=True)))
        if frame.HasField("go_away"):
            self._leave(frame.go_away)

    def _give(self, owed, hello, window, call_id):
        """(6) Gives credit for `owed` bytes once half a window is used up, if the hello counts at all."""
        size = getattr(hello, window)
        if not hello.HasField(window):
            return 0
        if owed == 0 or owed * 2 < size:
            return owed
        self.write(frame_pb2.Frame(call_id=call_id or None, credit=owed))
        return 0

    def _leave(self, go_away):
        """(9) In good order, calls up to last_call_id go on; after a mistake, nothing does."""
        self.drained = go_away.status
        if go_away.status.code != status_pb2.OK:
            return self._fail(go_away.status)
        status = made_here("UNAVAILABLE", "NOT_BEGUN", "The server goes down and did not begin this call.")
        for call in [call for call in self._calls.values() if call.id > go_away.last_call_id]:
            call._finish(status, begun=False)

    def _keep_alive(self):
        silence = time.monotonic() - self._heard
        if self._pinged is None and silence > HEARD_SECONDS:
            self._pinged = time.monotonic()
            self.write(frame_pb2.Frame(ping=frame_pb2.Ping(token=1)))
        if self._pinged is not None and time.monotonic() - self._pinged > ANSWER_SECONDS:
            self._fail(made_here("UNAVAILABLE", "CONNECTION_LOST", "The server does not answer."))

    def _fail(self, status):
        if self.closed is None:
            self.closed = status
            self._socket.close()
        for call in list(self._calls.values()):
            call._finish(status)


class Call:
    """A call of any kind. Send with `send`, half-close with `end`, read with `receive` or `for`, give up with `cancel`."""

    def __init__(self, client, call_id, start, response_type, timeout):
        self.id, self.header, self.status = call_id, {}, None
        self._client, self._start, self._response_type = client, start, response_type
        self._deadline = math.inf if timeout is None else time.monotonic() + timeout + LATE_SECONDS
        self._messages, self._pieces, self._owed = collections.deque(), bytearray(), 0
        self._credit = client.server.call_credit if client.server.HasField("call_credit") else math.inf
        self._begun = True

    def send(self, message, end=False):
        """Sends one message, in pieces if it must be. Waits for credit; returns early when the call has ended."""
        rest = memoryview(message.SerializeToString())
        while self._wait(self._may_send):
            room = self._client.server.frame_bytes_max - FRAME_ROOM - (self._start.ByteSize() if self._start else 0)
            piece, rest = rest[:room], rest[room:]
            frame = frame_pb2.Frame(payload=bytes(piece))
            cost = max(COST_MIN, len(piece))
            self._credit -= cost
            self._client._credit -= cost
            if rest:
                frame.more = True
            elif end:
                frame.end = True
            self._write(frame)
            if not rest:
                return

    def end(self):
        """Half-close: no more messages from this side."""
        if self.status is None:
            self._write(frame_pb2.Frame(end=True))

    def receive(self):
        """The next message; None after the last. Raises RPCError when the call did not end well."""
        self.begin()
        self._wait(lambda: self._messages)
        if not self._messages:
            if self.status.code != status_pb2.OK:
                raise RPCError(self.status, self._begun)
            return None
        data, cost = self._messages.popleft()
        if self.status is None:
            self._pay(cost)
        return self._response_type.FromString(data)

    def __iter__(self):
        return iter(self.receive, None)

    def finish(self):
        """Reads to the end and raises RPCError when the call did not end well."""
        for _ in self:
            pass

    def wait_header(self):
        """Waits until the header of the answer, its first message or its end has come."""
        self.begin()
        self._wait(lambda: self.header or self._messages)
        return self.header

    def begin(self):
        """Opens the call now; otherwise `start` leaves with the first message."""
        if self._start is not None and self.status is None:
            self._write(frame_pb2.Frame())

    def cancel(self, reason=""):
        if self.status is None:
            if self._start is None:
                self._write(frame_pb2.Frame(cancel=frame_pb2.Cancel(reason=reason)))
            self._finish(made_here("CANCELLED", "CANCELLED", reason))

    def _may_send(self):
        client = self._client
        return self._credit > 0 and client._credit > 0 and len(client._out) < UNSENT_BYTES_MAX

    def _wait(self, condition):
        """True when the condition holds, False when the call has ended before."""
        self._client.wait(lambda: self.status is not None or condition(), self._deadline)
        if self.status is None and time.monotonic() >= self._deadline:
            self.cancel("out of time")
            self.status = made_here("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "The server did not answer in time.")
        return self.status is None

    def _write(self, frame):
        frame.call_id = self.id
        if self._start is not None:
            frame.start.CopyFrom(self._start)
            self._start = None
        self._client.write(frame)
        self._client.pump()

    def _pay(self, cost):
        self._owed = self._client._give(self._owed + cost, self._client._hello, "call_credit", self.id)

    def _take(self, frame):
        for entry in frame.header:
            self.header[entry.key] = entry.value
        if frame.HasField("payload"):
            self._pieces += frame.payload
            cost = max(COST_MIN, len(frame.payload))
            if len(self._pieces) > self._client._hello.message_bytes_max:
                self.cancel("message too long")
                self.status = made_here("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LONG", "The answer is longer than announced.")
            elif frame.more:
                self._pay(cost)  # a message longer than the window could not become whole otherwise
            else:
                self._messages.append((bytes(self._pieces), cost))
                self._pieces.clear()
        self._credit += frame.credit
        if frame.HasField("status"):
            self._finish(frame.status)

    def _finish(self, status, begun=True):
        self.status, self._begun = status, begun
        self._client._calls.pop(self.id, None)
