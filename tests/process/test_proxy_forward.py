"""HTTP through the proxy, with real sockets: what apps see, what clients get, and what happens when either breaks."""

import asyncio
import contextlib

import pytest

from server.proxy.upstream import Limits
from tests.process.proxy_kit import App, gateway, listening, on_loops, read_head, read_request, reply, rss, until


@on_loops("uvloop")
async def test_a_request_and_its_answer_pass():
    app = App(lambda request: reply(b"hello", b"X-App: 1", b"Server: mine", b"Set-Cookie: tabard_session=evil"))
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        answer = await client.get(
            b"/content/x/a%2Fb?z=%2e&", b"Cookie: a=1; tabard_session=S", b"X-Forwarded-For: 6.6.6.6"
        )
        assert (answer.status, answer.body) == (200, b"hello")
        assert answer.values(b"x-app") == [b"1"]
        assert answer.values(b"set-cookie") == []
        assert answer.values(b"server") == [b"uvicorn"]
        assert len(answer.values(b"date")) == 1
    (seen,) = app.seen
    assert seen.line == b"GET /content/x/a%2Fb?z=%2e& HTTP/1.1"
    assert seen.values(b"cookie") == [b"a=1"]
    assert seen.values(b"host") == [b"localhost:3939"]
    assert seen.values(b"x-forwarded-for") == [b"127.0.0.1"]
    assert seen.values(b"posit-connect-user-session-token") == [b"handle"]


@pytest.mark.parametrize(
    "target", [b"/content/x/?", b"/content/x/a?b?c", b"/content/x/;v=1/%7Ex?%20=+", b"/content/x/a:80?x"]
)
@on_loops("uvloop")
async def test_the_target_is_passed_byte_for_byte(target):
    app = App()
    async with listening(app) as port, gateway(port) as gate:
        await (await gate.client()).get(target)
    assert app.seen[0].line == b"GET " + target + b" HTTP/1.1"


@on_loops("uvloop")
async def test_bodies_keep_their_framing():
    app = App()
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(b"POST /content/x/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel")
        await asyncio.sleep(0)
        client.send(b"lo")
        assert (await client.answer()).body == b"hello"
        client.send(b"POST /content/x/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await until(lambda: gate.upstream.in_flight == 1)
        client.send(b"2;ext=1\r\nde\r\n0\r\nX-User: adm\r\nCookie: a=b\r\n\r\n")
        assert (await client.answer()).body == b"abcde"
        client.send(b"PUT /content/x/ HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        assert (await client.answer()).body == b"ok"
    assert app.seen[0].values(b"content-length") == [b"5"]
    assert app.seen[1].values(b"transfer-encoding") == [b"chunked"]
    assert b"X-User" not in app.seen[1].raw
    assert app.seen[2].values(b"content-length") == [b"0"]
    assert app.connections == 1


@on_loops("uvloop")
async def test_answers_without_a_length_pass():
    answers = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + reply(b"final"),
    ]
    app = App(lambda request: answers.pop(0))
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        answer = await client.get()
        assert answer.body == b"abcde"
        assert answer.values(b"x-trailer") == []
        assert (await client.get()).body == b"final"


@on_loops("uvloop")
async def test_an_answer_that_ends_with_the_connection_passes():
    async def app(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nuntil ")
        await writer.drain()
        writer.write(b"the end")

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        assert (await client.get()).body == b"until the end"
        assert (await client.get()).body == b"until the end"


@on_loops("uvloop")
async def test_connections_are_used_again_and_by_the_last_one_freed():
    app = App()
    async with listening(app) as port, gateway(port) as gate:
        for client in [await gate.client(), await gate.client()]:
            for _ in range(5):
                await client.get()
        assert app.connections == 1


@on_loops("uvloop")
async def test_set_cookie_is_not_replayed():
    app = App(lambda request: reply(b"ok", b"Set-Cookie: sess=V1; Path=/content/x"))
    async with listening(app) as port, gateway(port) as gate:
        await (await gate.client()).get()
        await (await gate.client()).get()
    assert [request.values(b"cookie") for request in app.seen] == [[], []]


@on_loops("uvloop")
async def test_redirects_are_passed_on_and_proxies_of_the_environment_ignored(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    app = App()
    async with listening(app) as port, gateway(port) as gate:
        app.answer = lambda request: reply(
            b"", b"Location: http://127.0.0.1:%d/content/x/y" % port, status=b"302 Found"
        )
        answer = await (await gate.client()).get()
        assert answer.status == 302
        assert answer.values(b"location") == [b"http://localhost:3939/content/x/y"]
    assert len(app.seen) == 1


SMUGGLED = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"


@pytest.mark.parametrize(
    ("method", "first", "status"),
    [
        (b"HEAD", reply(b"body") + SMUGGLED, 200),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", 200),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n" + SMUGGLED, 204),
        (b"GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody" + SMUGGLED, 204),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 45\r\n\r\n" + SMUGGLED, 304),
        (b"GET", reply(b"first") + SMUGGLED, 200),
        (b"GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" + SMUGGLED, 200),
    ],
)
@on_loops("uvloop")
async def test_what_follows_an_answer_never_reaches_the_next_request(method, first, status):
    app = App(lambda request: first if request.line.startswith(method + b" /content/x/first") else reply(b"own"))
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        answer = await client.get(b"/content/x/first", method=method)
        assert answer.status == status
        assert answer.body in (b"", b"first", b"x")
        for _ in range(2):
            assert (await client.get(b"/content/x/next")).body == b"own"
    assert app.seen[1].connection == 2


@on_loops("uvloop")
async def test_bytes_on_an_idle_connection_end_it():
    async def app(reader, writer):
        await read_request(reader)
        writer.write(reply(b"own"))
        await writer.drain()
        await until(lambda: gate.upstream._idle)
        writer.write(SMUGGLED)
        await reader.read()

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        assert (await client.get()).body == b"own"
        await until(lambda: not gate.upstream._open)
        assert (await client.get()).body == b"own"


BROKEN = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
    b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\x01b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: a=b\r\n" * 500 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + reply(),
    b"no http at all",
    b"HTTP/1.1 200 OK\r\nContent-",
]


@pytest.mark.parametrize("answer", BROKEN, ids=range(len(BROKEN)))
@on_loops("uvloop")
async def test_an_answer_that_is_not_http_is_a_502(answer):
    async def app(reader, writer):
        await read_request(reader)
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()

    async with listening(app) as port, gateway(port) as gate:
        got = await (await gate.client()).get()
        assert got.status == 502
        assert b"127.0.0.1" not in got.body


@on_loops("uvloop")
async def test_an_app_that_does_not_listen_is_a_502():
    async with listening(App()) as port:
        pass
    async with gateway(port) as gate:
        assert (await (await gate.client()).get()).status == 502


@on_loops("uvloop")
async def test_an_app_that_does_not_answer_is_a_504():
    app = App(lambda request: b"")
    async with listening(app) as port, gateway(port, limits=Limits(response_seconds=0.3)) as gate:
        assert (await (await gate.client()).get()).status == 504
        await until(lambda: not gate.upstream._open)


@on_loops("uvloop")
async def test_a_get_is_sent_again_only_if_its_used_connection_was_dead():
    app = App(lambda request: reply(b"ok") if app.connections != 1 or len(app.seen) == 1 else None)
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        await client.get()
        assert (await client.get()).body == b"ok"
        assert [request.connection for request in app.seen] == [1, 1, 2]


@on_loops("uvloop")
async def test_a_post_is_never_sent_twice():
    app = App(lambda request: reply(b"ok") if request.line.startswith(b"GET") else None)
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        await client.get()
        answer = await client.get(b"/content/x/", b"Content-Length: 0", method=b"POST")
        assert answer.status == 502
        assert sum(request.line.startswith(b"POST") for request in app.seen) == 1


@on_loops("uvloop")
async def test_a_get_on_a_new_connection_is_not_sent_again():
    app = App(lambda request: None)
    async with listening(app) as port, gateway(port) as gate:
        assert (await (await gate.client()).get()).status == 502
    assert len(app.seen) == 1


@pytest.mark.parametrize(
    "head", [b"Content-Length: 100\r\n\r\npart", b"Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"]
)
@on_loops("uvloop")
async def test_a_cut_answer_is_not_passed_off_as_whole(head):
    async def app(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + head)

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(b"GET /content/x/ HTTP/1.1\r\nHost: h\r\n\r\n")
        rest = await client.rest()
        assert b"part" in rest
        assert not rest.endswith(b"0\r\n\r\n")


@on_loops("uvloop")
async def test_events_are_not_held_back():
    step = asyncio.Event()

    async def app(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await step.wait()
        writer.write(b"data: 2\n\n")
        await reader.read()

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(b"GET /content/x/ HTTP/1.1\r\nHost: h\r\n\r\n")
        async with asyncio.timeout(5):
            await client.reader.readuntil(b"data: 1\n\n")
            assert gate.registry.count("content:x") == 1
            step.set()
            await client.reader.readuntil(b"data: 2\n\n")
            assert gate.registry.close("viewer:alice", 1008, "signed out") == 1
            await client.rest()


@on_loops("uvloop")
async def test_a_request_that_waits_can_be_ended_too():
    app = App(lambda request: b"")
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(b"GET /content/x/ HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: app.seen)
        gate.registry.close("content:x", 1008, "gone")
        assert (await client.answer()).status == 502


@pytest.mark.parametrize("begun", [False, True])
@on_loops("uvloop")
async def test_a_client_that_leaves_ends_the_apps_exchange(begun):
    left = asyncio.Event()

    async def app(reader, writer):
        await read_head(reader)
        if begun:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        left.set()

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(b"GET /content/x/ HTTP/1.1\r\nHost: h\r\n\r\n")
        if begun:
            await client.reader.readuntil(b"x\r\n")
        else:
            await until(lambda: gate.upstream.in_flight)
        client.writer.close()
        async with asyncio.timeout(5):
            await left.wait()
        await until(lambda: gate.upstream.in_flight == 0)


@on_loops("uvloop")
async def test_an_upload_cut_by_the_client_is_cut_for_the_app():
    seen = []

    async def app(reader, writer):
        await read_head(reader)
        try:
            seen.append(await reader.read())
        except ConnectionError:
            seen.append(b"reset")

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(b"POST /content/x/ HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\npart")
        await until(lambda: gate.upstream.in_flight)
        client.writer.close()
        await until(lambda: seen)


@on_loops("uvloop")
async def test_an_early_answer_ends_the_upload_and_its_connection():
    async def app(reader, writer):
        await read_head(reader)
        writer.write(reply(b"too much", status=b"413 Payload Too Large"))
        await reader.read()

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(b"POST /content/x/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\npart")
        assert (await client.answer()).status == 413
        await until(lambda: not gate.upstream._open)


@on_loops("uvloop")
async def test_100_continue_is_answered_by_the_gateway():
    app = App()
    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        client.send(b"POST /content/x/ HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"hi")
        assert (await client.answer()).body == b"hi"
    assert app.seen[0].values(b"expect") == []


@on_loops("uvloop")
async def test_places_are_given_in_turn_and_bounded():
    gone = asyncio.Event()

    async def app(reader, writer):
        while True:
            request = await read_request(reader)
            if b"slow" in request.line:
                await gone.wait()
            writer.write(reply(b"done"))

    limits = Limits(connections=1, waiting=1, queue_seconds=5)
    async with listening(app) as port, gateway(port, limits=limits) as gate:
        slow, next_one, one_too_many = [await gate.client() for _ in range(3)]
        slow.send(b"GET /content/x/slow HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: gate.upstream.in_flight == 1)
        next_one.send(b"GET /content/x/ HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: gate.upstream._waiting)
        assert (await one_too_many.get()).status == 502
        gone.set()
        assert (await slow.answer()).body == b"done"
        assert (await next_one.answer()).body == b"done"


@on_loops("uvloop")
async def test_waiting_for_a_place_ends_with_a_504_or_with_the_client():
    app = App(lambda request: b"")
    limits = Limits(connections=1, queue_seconds=0.4)
    async with listening(app) as port, gateway(port, limits=limits) as gate:
        slow, waits, leaves = [await gate.client() for _ in range(3)]
        slow.send(b"GET /content/x/ HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: app.seen)
        leaves.send(b"GET /content/x/ HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: gate.upstream._waiting)
        leaves.writer.close()
        assert (await waits.get()).status == 504
        assert not gate.upstream._waiting


@on_loops("uvloop")
async def test_idle_connections_are_closed_in_time():
    app = App()
    async with listening(app) as port, gateway(port, limits=Limits(idle_seconds=0.1)) as gate:
        await (await gate.client()).get()
        await until(lambda: not gate.upstream._open)


@on_loops("uvloop")
async def test_stopping_the_app_refuses_who_waits_and_who_comes():
    app = App(lambda request: b"")
    async with listening(app) as port, gateway(port, limits=Limits(connections=1)) as gate:
        first, second = await gate.client(), await gate.client()
        for client in (first, second):
            client.send(b"GET /content/x/ HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: gate.upstream._waiting and app.seen)
        await gate.upstream.aclose()
        assert [(await client.answer()).status for client in (first, second)] == [502, 502]
        assert (await first.get()).status == 502


SIZE = 200_000_000
BLOCK = bytes(1_000_000)


@on_loops("uvloop")
async def test_a_large_download_to_a_slow_client_needs_little_memory():
    async def app(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(BLOCK)):
            writer.write(BLOCK)
            await writer.drain()
        await reader.read()

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        before = most = rss()
        client.send(b"GET /content/x/ HTTP/1.1\r\nHost: h\r\n\r\n")
        _, headers, _ = await read_head(client.reader)
        assert (b"content-length", b"%d" % SIZE) in headers
        left = SIZE
        for _ in range(20):  # a while at a crawl, so that everything in between fills up
            left -= len(await client.reader.read(10_000))
            await asyncio.sleep(0.01)
        while left:
            left -= len(await client.reader.read(1 << 20))
            most = max(most, rss())
        assert most - before < 64_000_000


@on_loops("uvloop")
async def test_a_large_upload_to_a_slow_app_needs_little_memory():
    received = 0

    async def app(reader, writer):
        nonlocal received
        await read_head(reader)
        for _ in range(20):
            received += len(await reader.read(10_000))
            await asyncio.sleep(0.01)
        while received < SIZE:
            received += len(await reader.read(1 << 20))
        writer.write(reply(b"thanks"))
        await reader.read()

    async with listening(app) as port, gateway(port) as gate:
        client = await gate.client()
        before = most = rss()
        client.send(b"POST /content/x/ HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(BLOCK)):
            client.send(BLOCK)
            await client.writer.drain()
            most = max(most, rss())
        assert (await client.answer()).body == b"thanks"
        assert received == SIZE
        assert most - before < 64_000_000
