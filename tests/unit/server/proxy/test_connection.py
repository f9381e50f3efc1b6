"""One connection to an app, fed bytes by hand."""

import asyncio

import pytest

from server.proxy.connection import Connection, Limits
from server.proxy.failures import UpstreamBroke


class Transport:
    def __init__(self):
        self.written, self.closed, self.paused = b"", False, False

    def write(self, data):
        self.written += data

    def is_closing(self):
        return self.closed

    def abort(self):
        self.closed = True

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False


@pytest.fixture
async def conn():
    connection = Connection(Limits(buffer_bytes=100), asyncio.get_running_loop(), lambda gone: None)
    connection.connection_made(Transport())
    return connection


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nhi"


async def test_an_answer_in_single_bytes_is_read_whole(conn):
    conn.begin(b"GET", b"request")
    assert conn.transport.written == b"request"
    for number in range(len(OK)):
        conn.data_received(OK[number : number + 1])
    await conn.head()
    assert (conn.status, conn.headers) == (200, [(b"content-length", b"2"), (b"x-a", b"1")])
    assert await conn.read() == b"hi"
    assert await conn.read() == b""
    assert conn.finished
    assert conn.reusable


async def test_reading_is_paused_above_the_buffer_and_resumed_below(conn):
    conn.begin(b"GET", b"")
    conn.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(101))
    assert conn.transport.paused
    assert len(await conn.read()) == 101
    assert not conn.transport.paused


async def test_writing_waits_while_the_app_does_not_read(conn):
    conn.begin(b"POST", b"")
    conn.pause_writing()
    task = asyncio.create_task(conn.write(b"x"))
    await asyncio.sleep(0)
    assert not task.done()
    conn.resume_writing()
    await task
    conn.pause_writing()
    task = asyncio.create_task(conn.write(b"y"))
    await asyncio.sleep(0)
    conn.connection_lost(None)
    await task


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
        (b"HEAD", OK),
        (b"GET", OK + b"x"),
        (b"GET", OK + OK),
        (b"GET", b"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n"),
        (b"GET", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        (b"GET", b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
async def test_a_doubtful_answer_is_complete_but_not_followed_by_another(conn, method, answer):
    conn.begin(method, b"")
    conn.data_received(answer)
    await conn.head()
    assert await conn.read() in (b"hi", b"")
    assert conn.finished
    assert not conn.reusable


async def test_a_clean_head_answer_may_be_followed(conn):
    conn.begin(b"HEAD", b"")
    conn.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert conn.reusable
    conn.begin(b"GET", b"")
    conn.data_received(OK)
    assert await conn.read() == b"hi"


async def test_the_end_of_the_connection_ends_only_an_answer_without_a_length(conn):
    conn.begin(b"GET", b"")
    conn.data_received(b"HTTP/1.1 200 OK\r\n\r\nabc")
    assert await conn.read() == b"abc"
    conn.connection_lost(None)
    assert await conn.read() == b""


@pytest.mark.parametrize("reset", [None, ConnectionResetError()])
@pytest.mark.parametrize("framing", [b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n"])
async def test_a_cut_answer_is_broken(conn, framing, reset):
    conn.begin(b"GET", b"")
    conn.data_received(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n")
    conn.connection_lost(reset)
    with pytest.raises(UpstreamBroke):
        await conn.read()


async def test_a_reset_breaks_an_answer_without_a_length(conn):
    conn.begin(b"GET", b"")
    conn.data_received(b"HTTP/1.1 200 OK\r\n\r\nabc")
    conn.connection_lost(ConnectionResetError())
    assert await conn.read() == b"abc"
    with pytest.raises(UpstreamBroke):
        await conn.read()


async def test_a_waiting_reader_is_woken(conn):
    conn.begin(b"GET", b"")
    head = asyncio.create_task(conn.head())
    await asyncio.sleep(0)
    conn.data_received(OK)
    await head
    assert conn.status == 200


async def test_bytes_nobody_asked_for_end_the_connection(conn):
    conn.data_received(OK)
    assert conn.transport.closed


async def test_a_connection_that_is_closing_takes_no_request(conn):
    conn.transport.closed = True
    conn.begin(b"GET", b"request")
    assert conn.transport.written == b""
    with pytest.raises(UpstreamBroke):
        await conn.head()
    await conn.write(b"more")


async def test_an_upgrade_keeps_the_bytes_behind_the_head(conn):
    conn.begin(b"GET", b"", upgrade=True)
    conn.data_received(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00")
    await conn.head()
    assert (conn.status, conn.surplus, conn.transport.paused) == (101, b"\x81\x00", True)
