"""The door: LAB-1's table over real sockets, trailers, limits and slow clients."""

import asyncio
import time

import pytest

from tests.process.proxy_kit import App, gateway, listening, on_loops, reply, until

HOST = b"Host: localhost:3939\r\n"
GET = b"GET /content/x/ HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
SECOND = b"GET /content/x/smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
REFUSED = {
    "length and coding": (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "coding and length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400),
    "same length twice": (POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "length list": (POST + b"Content-Length: 4, 4\r\n\r\nabcd", 400),
    "signed length": (POST + b"Content-Length: +4\r\n\r\nabcd", 400),
    "identity, chunked": (POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 400),
    "gzip, chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked, identity": (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "xchunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "coding twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "coding in 1.0": (b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "space before colon": (GET + HOST + b"Transfer-Encoding : chunked\r\n\r\n", 400),
    "obs-fold": (GET + HOST + b"X: a\r\n b\r\n\r\n", 400),
    "bare LF": (b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
    "bare CR": (GET + HOST + b"X: a\rb\r\n\r\n", 400),
    "NUL in a value": (GET + HOST + b"X: a\0b\r\n\r\n", 400),
    "two hosts": (GET + HOST + b"Host: evil\r\n\r\n", 400),
    "no host": (GET + b"X: a\r\n\r\n", 400),
    "host with a path": (GET + b"Host: localhost/admin?x=\r\n\r\n", 400),
    "absolute form": (b"GET http://evil/a HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "star": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "fragment": (b"GET /a#/b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "encoded dots": (b"GET /content/x/..%2f..%2fadmin HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "dots": (b"GET /content/../admin HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "double-encoded dots": (b"GET /content/%252e%252e/admin HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "backslash": (b"GET /content\\admin HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "encoded NUL": (b"GET /content/x%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "two slashes": (b"GET //evil/a HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "high byte": (b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "101 fields": (GET + HOST + b"X: a\r\n" * 100 + b"\r\n", 431),
    "33 KB of fields": (GET + HOST + b"".join(b"X%d: %b\r\n" % (n, b"a" * 1000) for n in range(33)) + b"\r\n", 431),
    "one field of 1 MB": (GET + HOST + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", 431),
    "9 KB target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "1 MB target": (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "h2c": (GET + HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n", 400),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TRACE": (b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "CONNECT": (b"CONNECT evil:80 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "lower-case method": (b"get / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", 400),
    "no version": (b"GET /\r\n\r\n", 400),
}  # fmt: skip


@pytest.mark.parametrize("kept", [False, True], ids=["fresh", "kept-alive"])
@on_loops("uvloop")
async def test_lab_1(kept):
    """Each line of the table is refused, its connection closed, and no app sees it or what was smuggled behind it."""
    app = App()
    async with listening(app) as port, gateway(port) as gate:
        for name, (request, status) in REFUSED.items():
            client = await gate.client()
            if kept:
                assert (await client.get()).status == 200
            app.seen.clear()
            gate.dispatched.clear()
            client.send(request + SECOND)
            answer = await client.answer()
            assert (name, answer.status) == (name, status)
            assert (name, await client.rest()) == (name, b"")
            assert (name, app.seen, gate.dispatched) == (name, [], [])


@on_loops("uvloop")
async def test_only_named_hosts_are_served():
    async with listening(App()) as port, gateway(port, allowed_hosts=frozenset({"localhost:3939"})) as gate:
        assert (await (await gate.client()).get()).status == 200
        assert (await gate.exchange(GET + b"Host: evil\r\n\r\n")).startswith(b"HTTP/1.1 421 ")


@on_loops("uvloop")
async def test_a_trailer_is_never_a_field():
    """LAB-1: with a delayed last chunk uvicorn's own class appends trailers to the scope of a running request."""
    app = App()
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(b"POST /content/x/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
        await until(lambda: gate.dispatched)
        client.send(b"0\r\nX-Forwarded-User: admin\r\nAuthorization: Key adm\r\nCookie: a=b\r\n\r\n")
        assert (await client.answer()).body == b"hi"
        assert (await client.get()).status == 200
    assert b"admin" not in app.seen[0].raw
    assert b"Key adm" not in app.seen[0].raw


@pytest.mark.parametrize(
    "endless", [b"0\r\n" + b"X: a\r\n" * 100_000, b"0\r\nX: " + b"a" * 500_000, b"2;" + b"x" * 500_000]
)
@on_loops("uvloop")
async def test_endless_trailers_and_chunk_extensions_end_the_connection(endless):
    app = App()
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(
            b"POST /content/x/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n" + endless
        )
        async with asyncio.timeout(5):
            await client.rest()
        assert app.seen == []


@on_loops("uvloop")
async def test_a_malformed_chunk_is_a_400_and_the_app_sees_no_whole_request():
    app = App()
    async with listening(app) as port, gateway(port) as gate:
        got = await gate.exchange(
            b"POST /content/x/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n"
        )
        assert got.startswith(b"HTTP/1.1 400 ")
        await until(lambda: not gate.upstream._open)
        assert app.seen == []


@on_loops("uvloop")
async def test_pipelined_requests_are_answered_before_a_refusal():
    app = App(lambda request: reply(request.line))
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(SECOND + SECOND + b"GET /../x HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND)
        assert [(await client.answer()).status for _ in range(3)] == [200, 200, 400]
        assert await client.rest() == b""
        assert len(app.seen) == 2


@on_loops("uvloop")
async def test_a_client_that_asked_for_100_and_did_not_get_it_is_not_listened_to():
    """T-82: it may send the body or not, so the next bytes could be read either way."""
    async with listening(App()) as port:
        pass
    async with gateway(port) as gate:

        async def early(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

        gate.server.config.loaded_app = early
        client = await gate.client()
        client.send(POST + b"Expect: 100-continue\r\nContent-Length: 500\r\n\r\n")
        assert (await client.answer()).status == 200
        client.send(SECOND)
        assert await client.rest() == b""


@pytest.mark.parametrize("begin", [b"", b"GET /", GET + HOST + b"X-Slow: a", b"\r\n"])
@on_loops("uvloop")
async def test_a_slow_head_ends_the_connection(begin):
    async with listening(App()) as port, gateway(port, head_seconds=0.5) as gate:
        client = await gate.client()
        started = time.monotonic()

        async def drip():
            while True:
                client.send(begin[-1:])
                await asyncio.sleep(0.05)

        client.send(begin[:-1])
        task = asyncio.create_task(drip())
        async with asyncio.timeout(5):
            await client.rest()
        task.cancel()
        assert 0.3 < time.monotonic() - started < 3


@on_loops("uvloop")
async def test_many_slow_clients_do_not_slow_a_normal_one():
    app = App()
    async with listening(app) as port, gateway(port, head_seconds=1) as gate:
        slow = [await gate.client() for _ in range(200)]
        for client in slow:
            client.send(b"G")
        started = time.monotonic()
        assert (await (await gate.client()).get()).status == 200
        assert time.monotonic() - started < 1
        async with asyncio.timeout(10):
            await asyncio.gather(*(client.rest() for client in slow))


@on_loops("uvloop")
async def test_a_slow_body_is_not_cut_by_the_heads_deadline():
    app = App()
    async with listening(app) as port, gateway(port, head_seconds=0.2) as gate:
        client = await gate.client()
        client.send(b"POST /content/x/ HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(0.05)
            client.send(b"x")
        assert (await client.answer()).body == b"x" * 10
