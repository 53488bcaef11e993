"""uvicorn's server and connections, with an end and limits that suit clients of a model server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER_SECONDS = 1.0
"""Time after a signal in which requests on open connections are still answered."""
_LOOK_SECONDS = 0.02
_MOST_HEAD_BYTES = 1 << 16  # of a request line and its headers


class HttpServer(uvicorn.Server):
    """Answers what clients sent before they could know that the server stops.

    tests/components/serving/server/test_http_server.py shows it at work.

    Attributes:
        linger: seconds; see `LINGER_SECONDS`.
    """

    def __init__(self, config: uvicorn.Config, linger: float = LINGER_SECONDS) -> None:
        """Prepares; `serve` starts."""
        super().__init__(config)
        self.linger = linger

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


class HttpConnection(HttpToolsProtocol):
    """A connection whose client may end its side after a request, and cannot fill the memory with headers."""

    _head: int | None = None  # bytes of the request line and headers so far; None: they are complete

    def connection_made(self, transport: Any) -> None:
        """Gives the client as long for its first request as for later ones."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Parses a part of a request."""
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > _MOST_HEAD_BYTES:
                self.send_400_response(f"The headers are larger than {_MOST_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        """Starts a request."""
        super().on_message_begin()
        self._head = 0

    def on_headers_complete(self) -> None:
        """Starts the answer."""
        self._head = None
        super().on_headers_complete()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Answers the requests of a client that will send no more, and closes the connection then."""
        answered = self.cycle is None or self.cycle.response_complete or self.cycle.more_body
        if answered or self.scheme == "https":  # TLS has no connection that is open on one side
            return None
        self.cycle.keep_alive = False
        return True
