"""The process: sockets, TLS, logs, and the way from a signal to the end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import ipaddress
import math
import re
import resource
import socket
import ssl
from collections.abc import Callable, Iterator

import uvicorn
import uvloop

from components.common import interruption
from components.common.errors import NerError
from components.common.faults import explained
from components.serving.server.access_log import flush_access_log, open_access_log, write_access_log
from components.serving.server.engine import Engine
from components.serving.server.following import Follower, Source
from components.serving.server.http_server import LINGER_SECONDS, ConnectionLimits, HttpConnection, HttpServer
from components.serving.server.protocols.calls import Call, Calls
from components.serving.server.request_log import RequestLog
from components.serving.server.settings import ServerSettings

_BACKLOG = 4096  # connections that wait to be accepted
_COLLECTION = 10_000  # new objects; Python's 700 are in the memory for the requests of one run
_LOOK_SECONDS = 0.1  # between two looks for a signal, and two flushes of the access log


class Server:
    """REST and gRPC in one event loop.

    tests/pipeline/cli/test_serve.py shows it at work.

    Attributes:
        engine: the versions.
        port: of REST.
        grpc_port: of gRPC; None: not offered.
    """

    def __init__(self, settings: ServerSettings, source: Source) -> None:
        """Prepares; `start` opens the ports.

        Args:
            settings: addresses, limits, logs.
            source: the versions to serve.
        """
        self._settings = settings
        self._log: RequestLog | None = None
        self._source = source
        self._tasks: list[asyncio.Task[None]] = []
        self.port = settings.port
        self.grpc_port = settings.grpc_port

    async def start(self) -> None:
        """Loads the versions and answers requests from then on.

        Raises:
            NerError: a port is in use, a file cannot be read or written, or no version can be served.
        """
        from components.serving.server.grpc_service import grpc_server
        from components.serving.server.rest import rest_app

        settings = self._settings
        with explained():
            open_access_log(settings.access_log)
            if settings.request_log is not None:
                self._log = RequestLog(settings.request_log, settings.log_share, settings.log_bytes)
        _permit_connections()
        self._socket = _bound(settings.host, settings.port)
        try:
            self.engine = Engine(settings, self._log)
            calls = self._calls = Calls(self.engine, settings)
            calls.observers.append(_log_call)
            self._grpc = grpc_server(self.engine, settings, calls) if settings.grpc_port is not None else None
            self.grpc_port = self._grpc_port()
            self._follower = Follower(self.engine, self._source, settings.poll)
            await self._follower.start()
            with _port_errors("--port", settings.port):
                self._socket.listen(_BACKLOG)
        except BaseException:
            self._socket.close()
            raise
        self.port = self._socket.getsockname()[1]
        self._http = HttpServer(
            uvicorn.Config(
                rest_app(self.engine, settings, calls),
                http=HttpConnection,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_keep_alive=math.ceil(settings.keep_alive),
                timeout_graceful_shutdown=max(1, round(settings.shutdown)),
                ssl_certfile=settings.tls_cert,
                ssl_keyfile=settings.tls_key,
            ),
            linger=min(LINGER_SECONDS, settings.shutdown),
            limits=ConnectionLimits(settings.client_timeout, settings.max_connections, settings.max_buffered_bytes),
        )
        if self._grpc is not None:
            await self._grpc.start()
        self._serving = asyncio.create_task(self._http.serve([self._socket]))
        while not self._http.started and not self._serving.done():
            await asyncio.sleep(0.005)
        if self._serving.done():
            self._serving.result()  # raises what stopped it
            raise NerError(f"--port {self.port}: the server did not start. Give another port.")
        self._tasks.append(asyncio.create_task(self._follower.follow()))

    async def stop(self) -> None:
        """Stops accepting requests, answers the accepted ones, and closes everything."""
        seconds = self._settings.shutdown
        self._calls.refusing = True
        self._http.should_exit = True
        ends = [self._serving]
        if self._grpc is not None:
            from components.serving.server.grpc_service import stop_grpc

            ends.append(asyncio.ensure_future(stop_grpc(self._grpc, self._calls, seconds)))
        await asyncio.wait(ends, timeout=seconds + self._http.linger + 1)
        for task in self._tasks:
            task.cancel()
        complete = await self.engine.stop(seconds)
        if self._log is not None:
            await asyncio.to_thread(self._log.close)
        write_access_log(event="stopped", complete=complete)

    @property
    def failed(self) -> bool:
        """True if the server of REST ended by itself."""
        return self._serving.done()

    def _grpc_port(self) -> int | None:
        settings = self._settings
        if self._grpc is None or settings.grpc_port is None:
            return None
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"{host}:{settings.grpc_port}"
        _bound(settings.host, settings.grpc_port, "--grpc-port").close()  # gRPC's own error is a page of text
        with _port_errors("--grpc-port", settings.grpc_port):
            if settings.tls_cert is None or settings.tls_key is None:
                return int(self._grpc.add_insecure_port(address))
            import grpc

            with explained():
                pair = settings.tls_key.read_bytes(), settings.tls_cert.read_bytes()
            return int(self._grpc.add_secure_port(address, grpc.ssl_server_credentials([pair])))


def serve(settings: ServerSettings, source: Source, announce: Callable[[Server], None]) -> None:
    """Serves until a signal comes, then finishes the accepted requests.

    Args:
        settings: addresses, limits, logs.
        source: the versions to serve.
        announce: called when requests are answered.

    Raises:
        NerError: see `Server.start`.
        Interrupted: a signal came, and everything is closed.
    """
    _require_tls(settings)
    if not re.fullmatch(r"[!-~]*", settings.token):
        raise NerError("NER_SERVE_TOKEN: a space, line break or non-ASCII character. Give a token without them.")

    async def run() -> None:
        server = Server(settings, source)
        await server.start()
        gc.collect()
        gc.freeze()  # collections look at what requests leave behind, and not at every module
        gc.set_threshold(_COLLECTION)
        announce(server)
        while not interruption.received() and not server.failed:
            await asyncio.sleep(_LOOK_SECONDS)
            flush_access_log()
        await server.stop()

    with interruption.postponed():
        uvloop.run(run())


def is_loopback(host: str) -> bool:
    """Tests for an address that other machines cannot reach.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _log_call(call: Call) -> None:
    write_access_log(
        protocol=call.protocol,
        method=call.method,
        client=call.peer,
        model=call.model,
        version=call.version,
        signature=call.signature,
        rows=call.rows or None,
        code=call.code,
        ms=round(1000 * call.seconds, 3),
    )


def _require_tls(settings: ServerSettings) -> None:
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise NerError("--tls-cert and --tls-key: only one of them. Give both files, or neither.")
    if settings.tls_cert is not None and settings.tls_key is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or error
            raise NerError(
                f"--tls-cert {settings.tls_cert}, --tls-key {settings.tls_key}: cannot be used ({reason}). "
                "Give a certificate and its unencrypted key as PEM files."
            ) from error


def _bound(host: str, port: int, option: str = "--port") -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise NerError(f"--host {host}: {error.strerror}. Give an address of this machine.") from error
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with _port_errors(option, port):
        try:
            bound.bind(address)
        except OSError as error:
            bound.close()
            if error.errno == errno.EADDRNOTAVAIL:
                raise NerError(f"--host {host}: {error.strerror}. Give an address of this machine.") from error
            if error.errno == errno.EACCES:
                raise NerError(f"{option} {port}: {error.strerror}. Give a port above 1023.") from error
            raise
    return bound


@contextlib.contextmanager
def _port_errors(option: str, port: int) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # gRPC raises the latter
        reason = getattr(error, "strerror", None) or "Address already in use"
        raise NerError(f"{option} {port}: {reason}. Stop the other server, or give another port.") from error


def _permit_connections() -> None:
    """Raises the limit of open files to the highest that the system permits; each connection needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # macOS has a lower one than it states
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
