"""The end of the HTTP server, and connections of unusual clients."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
import uvicorn

from components.serving.server.http_server import HttpConnection, HttpServer

ASK = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


async def echo(scope, receive, send):
    body = (await receive())["body"]
    await asyncio.sleep(0.02)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def running(linger=1.0, seconds=75.0):
    """Gives a running server, its task and its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    options = {"lifespan": "off", "ws": "none", "log_config": None, "timeout_graceful_shutdown": 5}
    config = uvicorn.Config(echo, http=HttpConnection, timeout_keep_alive=seconds, **options)
    server = HttpServer(config, linger)
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


def test_endless_headers_are_refused():
    async def test():
        async with running() as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nx: " + b"a" * 100_000)
            return await asyncio.wait_for(reader.read(), 5)

    assert b"400 Bad Request" in asyncio.run(test())


def test_a_connection_without_a_request_is_closed():
    async def test():
        async with running(seconds=0.1) as (_, _, port):
            reader, _ = await asyncio.open_connection("127.0.0.1", port)
            return await asyncio.wait_for(reader.read(), 5)

    assert asyncio.run(test()) == b""
