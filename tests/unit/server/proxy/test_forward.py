"""One exchange against an app that exists only as bytes."""

import asyncio

import pytest

from server.proxy.connection import Connection, Limits
from server.proxy.contract import Destination
from server.proxy.failures import UpstreamBroke, UpstreamTimedOut
from server.proxy.forward import forward, request_bytes
from server.proxy.headers import HeaderPolicy
from server.proxy.registry import Registry

POLICY = HeaderPolicy(frozenset({b"tabard_session"}))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Transport:
    """Answers every write with the next of `answers`."""

    def __init__(self, conn, answers):
        self.conn, self.answers, self.written, self.closed = conn, answers, b"", False

    def write(self, data):
        self.written += data
        if self.answers:
            answer = self.answers.pop(0)
            feed = self.conn.data_received if answer is not None else lambda _: self.conn.connection_lost(None)
            asyncio.get_running_loop().call_soon(feed, answer)

    def is_closing(self):
        return self.closed

    def abort(self):
        self.closed = True


class Pool:
    """Stands for an Upstream whose connections answer from a script."""

    host, port = "127.0.0.1", 20001

    def __init__(self, *answers, reused=False, limits=None):
        self.answers, self.reused, self.limits = list(answers), reused, limits or Limits()
        self.acquired, self.released = [], []

    async def acquire(self, *, repeatable, fresh=False):
        conn = Connection(self.limits, asyncio.get_running_loop(), lambda gone: None)
        conn.connection_made(Transport(conn, self.answers))
        conn.reused = self.reused and not fresh
        self.acquired.append(conn)
        return conn

    def release(self, conn, *, keep):
        self.released.append(keep)


async def run(pool, *, method="GET", headers=(), body=(), registry=None, gone=None):
    """Forward one request; returns what the client was sent."""
    sent, pieces = [], list(body)

    async def receive():
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"method": method, "headers": [(b"host", b"h"), *headers], "client": ("1.2.3.4", 5)}
    destination = Destination(pool, b"/a%2Fb?x", (), "http://public", "/content/x", frozenset({"content:x"}))
    await forward(scope, receive, send, destination, POLICY, Registry() if registry is None else registry)
    return sent


def test_a_request_head_is_written_out():
    assert request_bytes(b"GET", b"/a?b", [(b"Host", b"h")]) == b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n"


async def test_an_answer_at_hand_is_two_messages():
    pool, registry = Pool(OK), Registry()
    start, body = await run(pool, registry=registry)
    assert (start["status"], start["headers"]) == (200, [(b"content-length", b"2")])
    assert (body["body"], body["more_body"]) == (b"hi", False)
    assert pool.acquired[0].transport.written.startswith(b"GET /a%2Fb?x HTTP/1.1\r\nHost: h\r\n")
    assert pool.released == [True]
    assert len(registry) == 0


async def test_a_chunked_body_is_chunked_again():
    pool = Pool(b"", b"", OK)
    await run(pool, method="POST", headers=[(b"transfer-encoding", b"chunked")], body=[b"one", b"", b"two"])
    _, _, body = pool.acquired[0].transport.written.partition(b"\r\n\r\n")
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert pool.released == [True]


async def test_a_client_that_leaves_before_its_body_asks_nothing_of_the_app():
    gone = asyncio.Event()
    gone.set()
    pool = Pool(OK)
    assert await run(pool, method="POST", headers=[(b"content-length", b"9")], gone=gone) == []
    assert pool.acquired == []


async def test_a_get_goes_again_on_a_new_connection_when_the_used_one_was_dead():
    pool = Pool(None, OK, reused=True)
    assert len(await run(pool)) == 2
    assert pool.released == [False, True]


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
async def test_other_methods_do_not(method):
    pool = Pool(None, OK, reused=True)
    with pytest.raises(UpstreamBroke):
        await run(pool, method=method)
    assert pool.released == [False]


async def test_a_broken_answer_is_an_error_before_and_a_cut_after_its_head():
    with pytest.raises(UpstreamBroke):
        await run(Pool(b"nonsense"))
    sent = await run(Pool(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz"))
    assert not any(message["type"] == "http.response.body" and not message["more_body"] for message in sent)


async def test_no_answer_in_time_is_an_error():
    with pytest.raises(UpstreamTimedOut):
        await run(Pool(limits=Limits(response_seconds=0.01)))


async def test_an_exchange_can_be_ended_by_its_tag():
    registry = Registry()
    task = asyncio.create_task(run(Pool(), registry=registry))
    while not registry.count("content:x"):
        await asyncio.sleep(0)
    assert registry.close("content:x", 1008, "gone") == 1
    with pytest.raises(UpstreamBroke):
        await task


async def test_being_cancelled_from_outside_stays_a_cancellation():
    pool = Pool()
    task = asyncio.create_task(run(pool))
    while not pool.acquired:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pool.released == [False]


async def test_a_client_that_leaves_ends_the_exchange():
    gone, pool = asyncio.Event(), Pool()
    gone.set()
    assert await run(pool, gone=gone) == []
    assert pool.released == [False]
