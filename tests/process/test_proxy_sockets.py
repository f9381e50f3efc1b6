"""WebSockets through the proxy, with a real client and real servers."""

import asyncio
import contextlib
import json
import logging
import time

import pytest
import websockets
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from server.proxy.contract import Refusal
from tests.process.proxy_kit import App, gateway, listening, on_loops, read_head, read_request, reply, rss, until

KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
HANDSHAKE = b"GET /content/x/ws HTTP/1.1\r\nHost: localhost:3939\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + KEY
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
QUIET = logging.getLogger("test.websockets")
QUIET.setLevel(logging.CRITICAL + 1)


@contextlib.asynccontextmanager
async def echoing(**options):
    """An echo server; yields its port and the handshakes it saw."""
    seen = []

    async def echo(socket):
        seen.append(socket)
        with contextlib.suppress(ConnectionClosed):
            async for message in socket:
                await socket.send(message)

    async with websockets.serve(echo, "127.0.0.1", 0, max_size=None, logger=QUIET, **options) as server:
        yield server.sockets[0].getsockname()[1], seen


def connect(gate, path="/content/x/ws", **options):
    return websockets.connect(f"ws://127.0.0.1:{gate.port}{path}", max_size=None, logger=QUIET, proxy=None, **options)


@on_loops("uvloop", "asyncio")
async def test_messages_pass_both_ways():
    async with echoing() as (port, seen), gateway(port) as gate:
        async with connect(gate, "/content/x/ws?a=%2F&b") as socket:
            for message in ("text", b"\0\xff", "", "é" * 5000):
                await socket.send(message)
                assert await socket.recv() == message
            assert gate.registry.count("content:x") == gate.registry.count("viewer:alice") == 1
            await (await socket.ping())
        await until(lambda: len(gate.registry) == 0)
        assert seen[0].request.path == "/content/x/ws?a=%2F&b"
        assert gate.heads[0].target == b"/content/x/ws?a=%2F&b"
        assert len(gate.heads) == 1


@on_loops("uvloop", "asyncio")
async def test_the_apps_handshake_has_our_fields_and_not_our_cookies():
    headers = {
        "Cookie": "tabard_session=S; a=1",
        "Authorization": "Key secret",
        "X-App-User": "forged",
        "posit_connect_user_session_token": "forged",
        "Origin": "http://localhost:3939",
    }
    async with echoing() as (port, seen), gateway(port) as gate:
        async with connect(gate, additional_headers=headers):
            pass
        got = seen[0].request.headers
        assert got["Cookie"] == "a=1"
        assert got["Posit-Connect-User-Session-Token"] == "handle"
        assert got["Origin"] == "http://localhost:3939"
        assert got["Host"] == f"127.0.0.1:{gate.port}"
        assert "Authorization" not in got
        assert "X-App-User" not in got


@on_loops("uvloop", "asyncio")
async def test_the_list_of_subprotocols_is_untouched():
    raw = b"Sec-WebSocket-Protocol: streamlit, 2|ab|c==,  session-id ,bokeh\r\n"
    fields = b"Sec-WebSocket-Protocol: streamlit\r\nSet-Cookie: tabard_session=x\r\n"
    app = App(lambda request: SWITCHED + fields + b"\r\n")
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(HANDSHAKE + raw + b"\r\n")
        line, headers, _ = await read_head(client.reader)
        assert line == b"HTTP/1.1 101 Switching Protocols"
        assert dict(headers)[b"sec-websocket-protocol"] == b"streamlit"
        assert dict(headers)[b"upgrade"] == b"websocket"
        assert b"set-cookie" not in dict(headers)
    assert app.seen[0].values(b"sec-websocket-protocol") == [b"streamlit, 2|ab|c==,  session-id ,bokeh"]


@on_loops("uvloop", "asyncio")
async def test_bytes_that_come_with_the_heads_are_passed_on():
    got = []

    async def app(reader, writer):
        await read_head(reader)
        writer.write(SWITCHED + b"\r\nfrom app")
        got.append(await reader.readexactly(11))
        writer.write(b"!")
        await reader.read()

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(HANDSHAKE + b"\r\nfrom client")
        await read_head(client.reader)
        assert await client.reader.readexactly(9) == b"from app!"
        assert got == [b"from client"]


@on_loops("uvloop", "asyncio")
async def test_large_messages_pass_both_ways():
    async with echoing() as (port, _), gateway(port) as gate, connect(gate, compression=None) as socket:
        message = bytes(range(256)) * 80_000
        await socket.send(message)
        assert await socket.recv() == message


@on_loops("uvloop", "asyncio")
async def test_a_refusal_is_a_whole_http_answer():
    refusal = Refusal(401, ((b"content-type", b"application/json"),), b'{"error": "sign in"}')
    async with listening(App()) as port, gateway(port, refuse=refusal) as gate:
        with pytest.raises(InvalidStatus) as refused:
            await connect(gate)
        response = refused.value.response
        assert response.status_code == 401
        assert response.headers["content-type"] == "application/json"
        assert json.loads(response.body) == {"error": "sign in"}
        await until(lambda: not gate.server.server_state.connections)


@pytest.mark.parametrize(
    "head",
    [
        HANDSHAKE.replace(b"GET", b"POST"),
        HANDSHAKE.replace(b"Version: 13", b"Version: 8"),
        HANDSHAKE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"),
        HANDSHAKE.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
        HANDSHAKE + b"Content-Length: 4\r\n",
    ],
)
@on_loops("uvloop", "asyncio")
async def test_a_bad_handshake_is_a_400_nobody_decides_about(head):
    async with listening(App()) as port, gateway(port) as gate:
        assert (await gate.exchange(head + b"\r\n")).startswith(b"HTTP/1.1 400 ")
        assert gate.heads == []


@on_loops("uvloop", "asyncio")
async def test_an_apps_refusal_is_relayed():
    app = App(lambda request: reply(b"not you", b"X-App: 1", b"Set-Cookie: tabard_session=x", status=b"403 Forbidden"))
    async with listening(app) as port, gateway(port) as gate:
        with pytest.raises(InvalidStatus) as refused:
            await connect(gate)
        response = refused.value.response
        assert (response.status_code, response.body, response.headers["x-app"]) == (403, b"not you", "1")
        assert "set-cookie" not in response.headers
        await until(lambda: not gate.upstream._open)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"no http", 502),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + bytes(1_000_000), 502),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 504),
        (b"", 504),
    ],
)
@on_loops("uvloop", "asyncio")
async def test_an_app_that_cannot_is_a_502_or_504(answer, status):
    async def app(reader, writer):
        await read_head(reader)
        writer.write(answer)
        await reader.read()

    async with listening(app) as port, gateway(port, handshake_seconds=0.5) as gate:
        assert (await gate.exchange(HANDSHAKE + b"\r\n")).startswith(b"HTTP/1.1 %d " % status)
        await until(lambda: not gate.upstream._open)


@on_loops("uvloop", "asyncio")
async def test_an_app_that_does_not_listen_is_a_502():
    async with listening(App()) as port:
        pass
    async with gateway(port) as gate:
        assert (await gate.exchange(HANDSHAKE + b"\r\n")).startswith(b"HTTP/1.1 502 ")


@on_loops("uvloop", "asyncio")
async def test_the_app_going_away_ends_the_clients_socket():
    async def app(reader, writer):
        await read_head(reader)
        writer.write(SWITCHED + b"\r\n")
        await reader.readexactly(1)
        writer.transport.abort()

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(HANDSHAKE + b"\r\n")
        await read_head(client.reader)
        client.send(b"x")
        async with asyncio.timeout(5):
            assert await client.rest() == b""
        client.writer.close()
        await until(lambda: len(gate.registry) == 0)


@on_loops("uvloop", "asyncio")
async def test_the_client_going_away_ends_the_apps_socket():
    async with echoing() as (port, seen), gateway(port) as gate:
        socket = await connect(gate)
        await until(lambda: seen)
        socket.transport.abort()
        async with asyncio.timeout(5):
            await seen[0].wait_closed()
        await until(lambda: len(gate.registry) == 0)


@on_loops("uvloop", "asyncio")
async def test_a_half_closed_client_still_gets_the_rest():
    async def app(reader, writer):
        await read_head(reader)
        writer.write(SWITCHED + b"\r\n")
        writer.write(b"all of it: " + await reader.read())

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(HANDSHAKE + b"\r\n")
        await read_head(client.reader)
        client.send(b"the end")
        client.writer.write_eof()
        async with asyncio.timeout(5):
            assert await client.rest() == b"all of it: the end"


@on_loops("uvloop", "asyncio")
async def test_the_registry_ends_sockets_with_a_code():
    async with echoing() as (port, seen), gateway(port) as gate:
        first, second = await connect(gate), await connect(gate)
        started = time.monotonic()
        assert gate.registry.close("viewer:alice", 4401, "signed out") == 2
        for socket in (first, second):
            with pytest.raises(ConnectionClosedError) as closed:
                await socket.recv()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "signed out")
        await until(lambda: len(gate.registry) == 0)
        for socket in seen:
            await socket.wait_closed()
        assert seen[0].close_code == 1001
        assert time.monotonic() - started < 5


@on_loops("uvloop", "asyncio")
async def test_the_registry_ends_a_socket_whose_client_does_not_read():
    async def app(reader, writer):
        await read_head(reader)
        writer.write(SWITCHED + b"\r\n")
        while True:
            writer.write(bytes(100_000))
            await writer.drain()

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(HANDSHAKE + b"\r\n")
        await until(lambda: len(gate.registry) == 1)
        assert gate.registry.close("content:x", 1008, "gone") == 1
        await until(lambda: len(gate.registry) == 0, 5)


@on_loops("uvloop", "asyncio")
async def test_a_socket_can_be_ended_during_its_handshake():
    app = App(lambda request: b"")
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(HANDSHAKE + b"\r\n")
        await until(lambda: app.seen)
        assert gate.registry.close("content:x", 1008, "gone") == 1
        assert await client.rest() == b""


@on_loops("uvloop", "asyncio")
async def test_a_server_that_stops_says_so():
    async with echoing() as (port, _), gateway(port) as gate:
        socket = await connect(gate)
        gate.server.should_exit = True
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert closed.value.rcvd.code == 1012


@on_loops("uvloop", "asyncio")
async def test_a_slow_reader_holds_the_sender_back():
    sent = 0

    async def app(reader, writer):
        nonlocal sent
        await read_head(reader)
        writer.write(SWITCHED + b"\r\n")
        block = bytes(1_000_000)
        while sent < 100_000_000:
            writer.write(block)
            await writer.drain()
            sent += len(block)

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        before = rss()
        client.send(HANDSHAKE + b"\r\n")
        await read_head(client.reader)
        seen = -1
        while seen != sent:  # until everything in between is full
            seen = sent
            await asyncio.sleep(0.2)
        assert 0 < sent < 60_000_000
        assert rss() - before < 64_000_000
        left = 100_000_000
        while left:
            left -= len(await client.reader.read(1 << 20))
        assert await client.rest() == b""


@on_loops("uvloop", "asyncio")
async def test_a_slow_app_holds_the_client_back():
    go = asyncio.Event()

    async def app(reader, writer):
        await read_request(reader)
        writer.write(SWITCHED + b"\r\n")
        await go.wait()
        left = 50_000_000
        while left:
            left -= len(await reader.read(1 << 20))
        writer.write(b"thanks")

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(HANDSHAKE + b"\r\n")
        await read_head(client.reader)
        before, sent = rss(), 0
        with contextlib.suppress(TimeoutError):
            while sent < 50_000_000:
                client.send(bytes(1_000_000))
                sent += 1_000_000
                async with asyncio.timeout(0.5):
                    await client.writer.drain()
        assert sent < 50_000_000
        assert rss() - before < 64_000_000
        go.set()
        while sent < 50_000_000:
            client.send(bytes(1_000_000))
            sent += 1_000_000
            await client.writer.drain()
        assert await client.rest() == b"thanks"
