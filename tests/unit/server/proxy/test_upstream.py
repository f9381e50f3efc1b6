"""The pool, with connections to nowhere."""

import asyncio

import pytest

from server.proxy.failures import UpstreamRefused, UpstreamTimedOut
from server.proxy.upstream import Limits, Upstream


class Transport:
    def __init__(self, protocol):
        self.protocol, self.closed = protocol, False

    def write(self, data):
        pass

    def is_closing(self):
        return self.closed

    def abort(self):
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


@pytest.fixture
def connects(monkeypatch):
    """Makes connecting succeed at once; yields every connection made, or set `.problem` to have it fail."""

    class Made(list):
        problem = None

    made = Made()

    async def connect(loop, factory, host, port):
        if made.problem is not None:
            await made.problem()
        protocol = factory()
        protocol.connection_made(Transport(protocol))
        made.append(protocol)
        return protocol.transport, protocol

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", connect)
    return made


def answered(conn):
    conn.begin(b"GET", b"")
    conn.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return conn


async def test_the_last_connection_freed_is_used_first(connects):
    upstream = Upstream("h", 1)
    first, second = [answered(await upstream.acquire(repeatable=True)) for _ in range(2)]
    assert upstream.in_flight == 2
    upstream.release(first, keep=True)
    upstream.release(second, keep=True)
    assert upstream.in_flight == 0
    assert await upstream.acquire(repeatable=True) is second
    assert await upstream.acquire(repeatable=True, fresh=True) not in (first, second)
    assert first.reused
    await upstream.aclose()
    assert all(conn.lost for conn in connects)


async def test_what_did_not_end_cleanly_is_not_used_again(connects):
    upstream = Upstream("h", 1)
    for keep, finish in ((False, answered), (True, lambda conn: conn)):
        upstream.release(finish(await upstream.acquire(repeatable=True)), keep=keep)
    assert not upstream._idle
    await upstream.aclose()


async def test_what_may_not_be_repeated_rides_only_on_a_fresh_connection(connects):
    upstream = Upstream("h", 1)
    conn = answered(await upstream.acquire(repeatable=True))
    upstream.release(conn, keep=True)
    conn.freed_at -= 2
    other = await upstream.acquire(repeatable=False)
    assert other is not conn
    assert await upstream.acquire(repeatable=True) is conn
    await upstream.aclose()


async def test_dead_idle_connections_are_passed_over(connects):
    upstream = Upstream("h", 1)
    conn = answered(await upstream.acquire(repeatable=True))
    upstream.release(conn, keep=True)
    conn.transport.abort()
    assert await upstream.acquire(repeatable=True) is not conn
    await upstream.aclose()


async def test_places_pass_to_who_waits_in_order(connects):
    upstream = Upstream("h", 1, limits=Limits(connections=1, waiting=2))
    conn = await upstream.acquire(repeatable=True)
    waiting = [asyncio.create_task(upstream.acquire(repeatable=True)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(UpstreamRefused):
        await upstream.acquire(repeatable=True)
    waiting[0].cancel()
    await asyncio.sleep(0)
    upstream.release(conn, keep=False)
    assert upstream.in_flight == 1
    await waiting[1]
    await upstream.aclose()


async def test_a_place_given_while_giving_up_is_not_lost(connects):
    upstream = Upstream("h", 1, limits=Limits(connections=1))
    conn = await upstream.acquire(repeatable=True)
    task = asyncio.create_task(upstream.acquire(repeatable=True))
    await asyncio.sleep(0)
    upstream.release(conn, keep=False)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert upstream.in_flight == 0
    await upstream.aclose()


async def test_failing_to_connect_gives_the_place_back(connects):
    async def refused():
        raise ConnectionRefusedError

    async def never():
        await asyncio.Event().wait()

    upstream = Upstream("h", 1, limits=Limits(connect_seconds=0.01))
    for problem, failure in ((refused, UpstreamRefused), (never, UpstreamTimedOut)):
        connects.problem = problem
        with pytest.raises(failure):
            await upstream.acquire(repeatable=True)
        assert upstream.in_flight == 0
    await upstream.aclose()


async def test_a_closed_pool_refuses(connects):
    upstream = Upstream("h", 1, limits=Limits(connections=1))
    conn = await upstream.acquire(repeatable=True)
    waiting = asyncio.create_task(upstream.acquire(repeatable=True))
    await asyncio.sleep(0)
    await upstream.aclose()
    for attempt in (waiting, upstream.acquire(repeatable=True)):
        with pytest.raises(UpstreamRefused):
            await attempt
    assert conn.lost


async def test_a_connection_handed_over_is_no_longer_the_pools(connects):
    upstream = Upstream("h", 1)
    conn = await upstream.open()
    upstream.hand_over(conn)
    await upstream.aclose()
    assert not conn.lost
    assert upstream.in_flight == 0
