"""The end of the HTTP server, and connections of unusual clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket

import pytest
import uvicorn
from support.echo_engine import EchoEngine

from components.serving.server.http_server import ConnectionLimits, HttpConnection, HttpServer
from components.serving.server.protocols.calls import Calls
from components.serving.server.rest import rest_app
from components.serving.server.settings import ServerSettings

LARGE = 8 << 20  # bytes of an answer that no system takes from a server whose client does not read
ASK = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


async def echo(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    await asyncio.sleep(0.02)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def running(linger=1.0, seconds=75.0, limits=None, app=echo, grace=5):
    """Gives a running server, its task and its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    options = {"lifespan": "off", "ws": "none", "log_config": None, "timeout_graceful_shutdown": grace}
    config = uvicorn.Config(app, http=HttpConnection, timeout_keep_alive=seconds, **options)
    server = HttpServer(config, linger, limits)
    port = listener.getsockname()[1]
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server, task, port
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 10)


async def answer(reader):
    """Reads headers and body of an answer; empty if the connection is closed."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        return await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(2)
    return b""


def test_a_request_on_an_open_connection_is_answered_while_the_server_stops():
    async def test():
        async with running() as (server, task, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK)
            first = await answer(reader)
            server.should_exit = True
            await asyncio.sleep(0.3)  # the server closed its port
            writer.write(ASK)
            second = await answer(reader)
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", port)
            await asyncio.wait_for(task, 0.8)  # no connection is left to wait for
            return first, second, await reader.read()

    first, second, rest = asyncio.run(test())
    assert b"200 OK" in first
    assert b"connection: close" not in first
    assert b"200 OK" in second
    assert b"connection: close" in second
    assert not rest


def test_a_request_that_outlasts_the_end_is_told_to_go_elsewhere():
    engine = EchoEngine()
    engine.delay = 60.0
    calls = Calls(engine, ServerSettings())
    body = b'{"instances": ["Joe"]}'
    ask = b"POST /v1/models/echo:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def test():
        async with running(linger=0.1, app=rest_app(engine, ServerSettings(), calls), grace=1) as (server, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ask)
            while not engine.requests:
                await asyncio.sleep(0.01)
            calls.refusing = server.should_exit = True
            return await asyncio.wait_for(reader.read(), 10)

    head, _, content = asyncio.run(test()).partition(b"\r\n\r\n")
    assert b" 503 " in head
    assert b"retry-after: 1" in head
    assert json.loads(content)["error"] == "the server stops. Send the request to another one."


def test_connections_that_the_system_accepted_are_answered_before_the_end():
    async def test():
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(echo, http=HttpConnection, lifespan="off", ws="none", log_config=None)
        config.load()
        server = HttpServer(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup([listener])
        clients = [socket.create_connection(listener.getsockname()) for _ in range(20)]  # the event loop does not run
        for client in clients:
            client.sendall(ASK)
        answers = asyncio.gather(*map(received, clients))
        await asyncio.wait_for(server.shutdown([listener]), 10)
        return await answers

    assert all(b"200 OK" in each and each.endswith(b"hi") for each in asyncio.run(test()))


async def received(client):
    reader, _ = await asyncio.open_connection(sock=client)
    return await answer(reader)


def test_an_idle_connection_delays_the_end_by_the_linger_only():
    async def test():
        async with running(linger=0.2) as (server, _, port):
            reader, _ = await asyncio.open_connection("127.0.0.1", port)
            server.should_exit = True
            return await asyncio.wait_for(reader.read(), 1.5)

    assert asyncio.run(test()) == b""


@pytest.mark.parametrize("requests", [1, 3])
def test_a_client_that_ends_its_side_gets_its_answers(requests):
    async def test():
        async with running() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK * requests)
            writer.write_eof()
            return await asyncio.wait_for(reader.read(), 5)

    assert asyncio.run(test()).count(b"\r\n\r\nhi") == requests


def test_a_client_that_ends_its_side_within_a_request_is_disconnected():
    async def test():
        async with running() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK[:-1])
            writer.write_eof()
            return await asyncio.wait_for(reader.read(), 5)

    assert b"hi" not in asyncio.run(test())


CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"GET / HTTP/1.1\r\nx: ", id="a header"),
        pytest.param(b"GET /", id="a path"),
        pytest.param(CHUNKED + b"2\r\nhi\r\n0\r\nx: ", id="a trailer"),
        pytest.param(CHUNKED + b"2;", id="an extension of a chunk"),
    ],
)
def test_an_endless_part_of_a_request_other_than_its_body_is_refused(start):
    async def test():
        async with running() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(start + b"a" * 100_000)
            return await asyncio.wait_for(reader.read(), 5)

    assert b"431 Request Header Fields Too Large" in asyncio.run(test())


def test_a_malformed_request_is_refused_after_the_answers_to_those_before_it():
    async def test():
        async with running() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK * 2 + b"\x16\x03\x01 nonsense\r\n\r\n")
            both = await asyncio.wait_for(reader.read(), 5)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x16\x03\x01 nonsense\r\n\r\n")
            return both, await asyncio.wait_for(reader.read(), 5)

    both, alone = asyncio.run(test())
    assert both.count(b"\r\n\r\nhi") == 2
    assert b"400 Bad Request" in alone


def test_a_connection_with_an_offer_of_another_protocol_goes_on_with_http():
    async def test():
        async with running() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK.replace(b"Host: x", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c") + ASK)
            return [await answer(reader), await answer(reader)]

    assert all(each.endswith(b"hi") for each in asyncio.run(test()))


def test_thousands_of_requests_at_once_are_answered_and_wait_as_bytes():
    async def test():
        async with running(app=large(1)) as (server, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n" * 3000)
            most = 0
            for _ in range(3000):
                await asyncio.wait_for(reader.readuntil(b"\r\n\r\na"), 5)
                (connection,) = server.server_state.connections
                most = max(most, len(connection.pipeline))
            return most

    assert 1 < asyncio.run(test()) < 300


def large(size):
    """Returns an application whose every answer has `size` bytes."""

    async def answer_large(scope, receive, send):
        headers = [(b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"a" * size})

    return answer_large


async def connection_of(server, ready):
    """Waits until the server's only connection is in a state."""
    async with asyncio.timeout(10):
        while not (server.server_state.connections and ready(next(iter(server.server_state.connections)))):
            await asyncio.sleep(0.005)
    return next(iter(server.server_state.connections))


@pytest.mark.parametrize("sent", [b"\r\n", b"GET / HT", ASK[:-1], CHUNKED])
def test_a_request_that_does_not_arrive_in_time_is_refused(sent):
    async def test():
        async with running() as (server, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            connection = await connection_of(server, lambda each: each._receiving is not None)
            now = asyncio.get_running_loop().time()
            connection.close_if_late(now + 29)
            assert not connection.transport.is_closing()
            connection.close_if_late(now + 31)
            return await asyncio.wait_for(reader.read(), 5)

    assert b"408 Request Timeout" in asyncio.run(test())


def test_a_slow_request_has_a_second_more_for_each_16_kib():
    async def test():
        async with running() as (server, _, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST / HTTP/1.1\r\nContent-Length: 999999\r\n\r\n" + b"a" * (160 << 10))
            connection = await connection_of(server, lambda each: each._received > 160 << 10)
            now = asyncio.get_running_loop().time()
            connection.close_if_late(now + 38)
            assert not connection.transport.is_closing()
            connection.close_if_late(now + 42)
            assert connection.transport.is_closing()
            assert server.server_state.bodies == 160 << 10
        assert not server.server_state.bodies

    asyncio.run(test())


@pytest.mark.parametrize("requests", [b"GET / HTTP/1.1\r\n\r\n" * 9, b"GET / HTTP/1.0\r\n\r\n"])
def test_a_client_that_reads_nothing_has_one_answer_in_memory_and_is_disconnected(requests):
    async def test():
        async with running(app=large(LARGE)) as (server, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 10)
            writer.write(requests)
            connection = await connection_of(server, lambda each: each.flow and each.flow.write_paused)
            await asyncio.sleep(0.05)  # further answers would come now
            unsent = connection.transport.get_write_buffer_size()
            assert 1 << 20 < unsent <= LARGE + 200
            now = asyncio.get_running_loop().time()
            connection.close_if_late(now + 29)
            assert connection in server.server_state.connections
            connection.close_if_late(now + 31 + LARGE / (1 << 14))
            await connection_gone(server)
            assert not server.server_state.unread
            with pytest.raises(asyncio.IncompleteReadError):
                await asyncio.wait_for(reader.readexactly(9 * LARGE), 5)

    asyncio.run(test())


async def connection_gone(server):
    async with asyncio.timeout(10):
        while server.server_state.connections:
            await asyncio.sleep(0.005)


def test_answers_that_are_taken_late_are_complete():
    async def test():
        async with running(app=large(LARGE)) as (server, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 10)
            writer.write(b"GET / HTTP/1.1\r\n\r\n" * 3)
            await connection_of(server, lambda each: each.flow and each.flow.write_paused)
            for _ in range(3):
                await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(LARGE) == b"a" * LARGE

    asyncio.run(test())


def test_untaken_answers_of_all_clients_have_a_limit():
    async def test():
        limits = ConnectionLimits(buffered=2 * LARGE)
        async with running(app=large(LARGE), limits=limits) as (server, _, port):
            clients = [await asyncio.open_connection("127.0.0.1", port, limit=1 << 10) for _ in range(20)]
            async with asyncio.timeout(10):
                while len(server.server_state.connections) < 20:
                    await asyncio.sleep(0.005)
            for _, writer in clients:
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
            async with asyncio.timeout(10):
                while len(server.server_state.connections) == 20:
                    await asyncio.sleep(0.005)
            assert 0 < sum(server.server_state.unread.values()) <= 2 * LARGE

    asyncio.run(test())


def test_unanswered_requests_of_all_clients_have_a_limit():
    async def test():
        async with running(limits=ConnectionLimits(buffered=9)) as (server, _, port):
            (_, first), (reader, second) = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            first.write(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n12345678")
            await connection_of(server, lambda each: each.server_state.bodies)
            second.write(ASK[:-2] + b"ha")
            refused = await asyncio.wait_for(reader.read(), 5)
            first.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK)
            return refused, await answer(reader)

    refused, accepted = asyncio.run(test())
    assert b"503 Service Unavailable" in refused
    assert b"retry-after: 1" in refused
    assert accepted.endswith(b"hi")


def test_connections_have_a_limit():
    async def test():
        async with running(limits=ConnectionLimits(connections=1)) as (server, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await connection_of(server, lambda each: True)
            refused, _ = await asyncio.open_connection("127.0.0.1", port)
            text = await asyncio.wait_for(refused.read(), 5)
            writer.write(ASK)
            return text, await answer(reader)

    refused, accepted = asyncio.run(test())
    assert b"503 Service Unavailable" in refused
    assert accepted.endswith(b"hi")


def test_a_connection_without_a_request_is_closed():
    async def test():
        async with running(seconds=0.1) as (_, _, port):
            reader, _ = await asyncio.open_connection("127.0.0.1", port)
            return await asyncio.wait_for(reader.read(), 5)

    assert asyncio.run(test()) == b""


@pytest.mark.parametrize("head", [b"Content-Length: 20000000", b"Transfer-Encoding: chunked"])
def test_a_client_that_sends_a_large_body_before_it_reads_gets_the_refusal(head):
    app = rest_app(EchoEngine(), ServerSettings(max_request_bytes=1000))
    body = b" " * 20_000_000 if b"Length" in head else b"%x\r\n%b\r\n0\r\n\r\n" % (20_000_000, b" " * 20_000_000)

    def client(port):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"POST /v1/models/echo:predict HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n" + body)
            return connection.recv(1 << 16)

    async def test():
        async with running(app=app) as (_, _, port):
            return await asyncio.to_thread(client, port)

    answer = asyncio.run(test())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def test_a_client_that_waits_for_100_continue_sends_no_large_body():
    async def test():
        async with running(app=rest_app(EchoEngine(), ServerSettings(max_request_bytes=1000))) as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = b"Host: x\r\nContent-Length: 20000\r\nExpect: 100-continue\r\n\r\n"
            writer.write(b"POST /v1/models/echo:predict HTTP/1.1\r\n" + head)
            return await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)

    assert asyncio.run(test()).startswith(b"HTTP/1.1 413 ")
