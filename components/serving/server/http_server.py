"""uvicorn's server and connections, with an end and limits that suit clients of a model server."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import http
import socket
from collections.abc import Iterator
from typing import Any

import httptools
import orjson
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

LINGER_SECONDS = 1.0
"""Time after a signal in which requests on open connections are still answered."""
_LOOK_SECONDS = 0.02
_MOST_HEAD_BYTES = 1 << 16  # of a request line and its headers
_PART = 1 << 12  # bytes that are parsed at once; at most that many of small requests wait for earlier answers
_BODY_HEADERS = (b"content-length", b"transfer-encoding")
_SLOWEST = 1 << 14  # bytes per second that a client sends or takes, beyond its time limit


@dataclasses.dataclass(frozen=True)
class ConnectionLimits:
    """Limits of connections.

    Attributes:
        seconds: that a client may take to send a request or to take an answer, and one more for each 16 KiB of it.
        connections: that are open at the same time; further ones get 503.
        buffered: bytes of requests without an answer, and as many of answers that clients do not take. Beyond, a
            request gets 503, and the connection with the largest answer is closed.
    """

    seconds: float = 30.0
    connections: int = 20_000
    buffered: int = 256 << 20


class _State(ServerState):
    """State that the connections of a server share."""

    def __init__(self, limits: ConnectionLimits) -> None:
        super().__init__()
        self.limits = limits
        self.bodies = 0  # bytes of requests without an answer
        self.unread: dict[HttpConnection, int] = {}  # bytes of answers that clients do not take

    def hold(self, connection: HttpConnection, size: int) -> None:
        """Counts an answer that waits for its client, and closes connections until all have room."""
        self.unread[connection] = size
        while sum(self.unread.values()) > self.limits.buffered:
            largest = max(self.unread, key=lambda each: self.unread[each])
            del self.unread[largest]
            largest.transport.abort()


class HttpServer(uvicorn.Server):
    """Answers what clients sent before they could know that the server stops.

    tests/components/serving/server/test_http_server.py shows it at work.

    Attributes:
        linger: seconds; see `LINGER_SECONDS`.
    """

    def __init__(
        self, config: uvicorn.Config, linger: float = LINGER_SECONDS, limits: ConnectionLimits | None = None
    ) -> None:
        """Prepares; `serve` starts."""
        super().__init__(config)
        self.server_state = _State(limits or ConnectionLimits())
        self.linger = linger

    async def on_tick(self, counter: int) -> bool:
        """Closes the connections of clients that take too long; uvicorn calls it ten times a second."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, HttpConnection):
                    connection.close_if_late(now)
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to `components.common.interruption`."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accepts the connections that wait, and closes each after its next answer, idle ones after a while."""
        self.server_state.default_headers.append((b"connection", b"close"))
        await self._accept_waiting(sockets or [])
        end = asyncio.get_running_loop().time() + self.linger
        while self.server_state.connections and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(_LOOK_SECONDS)
        await super().shutdown(sockets)

    async def _accept_waiting(self, sockets: list[socket.socket]) -> None:
        """Stops listening; the system accepted connections of which the event loop does not know yet."""
        listeners = [each.dup() for each in sockets]
        for server in self.servers:
            server.close()
        for each in sockets:
            each.close()
        accepted = []
        for listener in listeners:
            listener.setblocking(False)
            with listener, contextlib.suppress(OSError):  # none waits any more
                while True:
                    accepted.append(listener.accept()[0])
        loop = asyncio.get_running_loop()
        for connection in accepted:
            connection.setblocking(False)
            with contextlib.suppress(OSError):  # the client is gone, or speaks no TLS
                await loop.connect_accepted_socket(self._connection, connection, ssl=self.config.ssl)

    def _connection(self) -> asyncio.Protocol:
        return HttpConnection(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


class _Exchange(RequestResponseCycle):
    """A request and its answer. Head and body of a whole answer are written together.

    uvicorn tests every header with patterns, which takes longer than the rest of a short answer.
    """

    _start: Any = None  # message with the head, which waits for the body

    async def send(self, message: Any) -> None:
        """Takes a message of the application."""
        if message["type"] == "http.response.start" and self._start is None and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            head = self._head(start, message)
            if head and not self.disconnected and not self.flow.write_paused:
                self._finish(head + message.get("body", b""))
                return
            await super().send(start)
        await super().send(message)

    def _head(self, start: Any, message: Any) -> bytes:
        """Returns the head of an answer that can be written at once; nothing if it cannot."""
        length = b"%d" % len(message.get("body", b""))
        headers = [*self.default_headers, *start["headers"]]
        if message.get("more_body") or (b"content-length", length) not in headers or self.scope["method"] == "HEAD":
            return b""
        if (b"connection", b"close") in headers:
            self.keep_alive = False
        elif not self.keep_alive:
            headers.append((b"connection", b"close"))
        lines = [b"%b: %b\r\n" % header for header in headers]
        head = b"".join([STATUS_LINE[start["status"]], *lines, b"\r\n"])
        return head if head.count(b"\n") == head.count(b"\r") == len(lines) + 2 else b""

    def _finish(self, answer: bytes) -> None:
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(answer)
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class HttpConnection(HttpToolsProtocol):
    """A connection whose client may end its side after a request, and can neither fill the memory nor stay for ever.

    While a client does not take an answer, the server does not read its further requests.
    """

    server_state: _State
    _receiving: float | None = None  # time since which a request arrives; None: none does
    _received = 0  # its bytes
    _body = 0  # bytes of bodies without an answer
    _in_head = True  # headers are not complete
    _other = 0  # bytes since the last part of a body: headers, trailers, extensions of chunks
    _rest = b""  # that is parsed after the next answer
    _sending: float | None = None  # time since which the client does not take its answer; None: it does
    _unsent = 0  # bytes of the answer at that time
    _untaken = False  # an answer is written, and the client has not taken it
    _ending = False  # no further request is read
    _repeated = False  # the parser gets the head of a request again
    _eof = False  # the client sends no further request

    def connection_made(self, transport: Any) -> None:
        """Gives the client as long for its first request as for later ones."""
        super().connection_made(transport)
        self.flow = _Flow(self)
        if len(self.connections) > self.server_state.limits.connections:
            self._refuse(503, "too many connections. Send the request later.")
        else:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def close_if_late(self, now: float) -> None:
        """Closes the connection if its client takes longer for a request or an answer than the limits permit.

        Args:
            now: time of the event loop.
        """
        seconds = self.server_state.limits.seconds
        unsent = self.transport.get_write_buffer_size()
        if self._sending is None and unsent and self.transport.is_closing():
            self._sending, self._unsent = now, unsent
        if self._sending is not None:
            if now > self._sending + seconds + self._unsent / _SLOWEST:
                self.transport.abort()
        elif self._receiving is not None:
            if self.flow.read_paused:  # the server does not read
                self._receiving, self._received = now, 0
            elif now > self._receiving + seconds + self._received / _SLOWEST:
                self._refuse(408, "the request did not arrive in time.")

    def data_received(self, data: bytes) -> None:
        """Parses a part of a request."""
        self._unset_keepalive_if_required()
        if self._receiving is None:
            self._receiving, self._received = self.loop.time(), 0
        self._received += len(data)
        if self._rest:
            self._rest += data
        else:
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        at = 0
        while at < len(data) and not self._ending and not self.transport.is_closing():
            if self.pipeline:
                self._rest = data[at:]
                return
            part = data[at : at + _PART]
            at += len(part)
            self._other += len(part)
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserUpgrade as error:
                self._stay_with_http()
                at += error.args[0] - len(part)
            except httptools.HttpParserError:
                self._refuse(400, "the request is not valid HTTP.")
            if self._other > _MOST_HEAD_BYTES:
                self._refuse(431, f"the headers are larger than {_MOST_HEAD_BYTES} bytes.")

    def _stay_with_http(self) -> None:
        """Reads the body of a request that offers another protocol: the parser would leave it to that protocol."""
        self._repeated = True
        kept = [name + b": " + value for name, value in self.headers if name in _BODY_HEADERS]
        self.parser.feed_data(b"\r\n".join([b"POST / HTTP/1.1", *kept, b"\r\n"]))

    def on_url(self, url: bytes) -> None:
        """Adds a part of the address."""
        if not self._repeated:
            super().on_url(url)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.__class__ = _Exchange  # uvicorn has no setting for it
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        """Starts a request."""
        if self._repeated:
            return
        super().on_message_begin()
        if self._receiving is None:
            self._receiving, self._received = self.loop.time(), 0
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Adds a header; those after the body are not used."""
        if self._in_head and not self._repeated:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Starts the answer."""
        self._in_head, self._other = False, 0
        if self._repeated:
            self._repeated = False
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Adds a part of the body."""
        self._other = 0
        super().on_body(body)
        if not self.cycle.response_complete:
            self._body += len(body)
            self.server_state.bodies += len(body)
            if self.server_state.bodies > self.server_state.limits.buffered:
                self._refuse(503, "too many requests are in memory. Send the request later.")

    def on_message_complete(self) -> None:
        """Ends a request."""
        if not self.parser.should_upgrade():
            self._receiving, self._other = None, 0
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Goes on with the next request, once the client takes the answer."""
        self._forget_body()
        if self.flow.write_paused and not self.transport.is_closing():
            self._untaken = True
            self.flow.pause_reading()
        else:
            self._go_on()

    def pause_writing(self) -> None:
        """Notes that the client takes its answer slower than the server writes it."""
        super().pause_writing()
        self._sending, self._unsent = self.loop.time(), self.transport.get_write_buffer_size()
        self.server_state.hold(self, self._unsent)

    def resume_writing(self) -> None:
        """Notes that the client has taken most of its answer."""
        super().resume_writing()
        self._sending = None
        self.server_state.unread.pop(self, None)
        if self._untaken:
            self._untaken = False
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        self.server_state.unread.pop(self, None)
        self._forget_body()
        self._rest, self._receiving, self._sending = b"", None, None
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Answers the requests of a client that has sent its last one, then closes the connection."""
        answered = self.cycle is None or self.cycle.response_complete or self.cycle.more_body
        if answered or self.scheme == "https":  # TLS has no connection that is open on one side
            return None
        self._eof = True
        return True

    def may_read(self) -> bool:
        """Tests whether a further request may be read."""
        return not (self._rest or self.pipeline or self._untaken)

    def _go_on(self) -> None:
        last = not self.pipeline
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._rest and not self.pipeline:
            rest, self._rest = self._rest, b""
            self._parse(rest)
        self.flow.resume_reading()
        if last and (self._ending or (self._eof and self.cycle.response_complete)):
            self.transport.close()

    def _refuse(self, status: int, text: str) -> None:
        """Answers a request that is not read to its end, after those before it, and closes the connection."""
        if self._ending or self.transport.is_closing():
            return
        self._ending, self._receiving, self._rest = True, None, b""
        current = self.cycle
        if current is not None and not current.response_complete and current.more_body and self.pipeline:
            self.pipeline.popleft()  # the last request is the refused one
        elif current is None or current.response_complete or (current.more_body and not current.response_started):
            body = orjson.dumps({"error": text})
            head = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}", "content-type: application/json"]
            head += [f"content-length: {len(body)}", "connection: close", *(["retry-after: 1"] * (status == 503))]
            self.transport.write("\r\n".join([*head, "\r\n"]).encode() + body)
            self.transport.close()

    def _forget_body(self) -> None:
        self.server_state.bodies -= self._body
        self._body = 0


class _Flow(FlowControl):
    """Reads nothing while a request waits for the answer to an earlier one, or an answer for its client."""

    def __init__(self, connection: HttpConnection) -> None:
        super().__init__(connection.transport)
        self._connection = connection

    def resume_reading(self) -> None:
        """Reads again, if the connection may."""
        if self._connection.may_read():
            super().resume_reading()
