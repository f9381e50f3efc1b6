"""One pool of HTTP/1.1 connections to one instance: keep-alive, bounded, no cookies, no redirects, no proxies."""

import asyncio
from collections import deque

from server.proxy.connection import Connection, Limits
from server.proxy.failures import UpstreamRefused, UpstreamTimedOut

__all__ = ["Limits", "Upstream"]

# A request that may not be sent twice rides only on a connection the app answered on this recently (seconds):
# an app that closes idle connections would otherwise sometimes close under it (RFC 9112 section 9.3.1).
_FRESH_SECONDS = 1.0
_IDLE_CONNECTIONS = 64


class Upstream:
    """The connections to one instance, at `host`:`port`; bound to the event loop it is first used on.

    The last connection freed is the first one used again. At most `limits.connections` exchanges run at once;
    `limits.waiting` more wait their turn. WebSockets get connections of their own, outside that count.
    """

    def __init__(self, host: str, port: int, *, limits: Limits | None = None) -> None:
        self.host = host
        self.port = port
        self.limits = limits or Limits()
        self._idle: deque[Connection] = deque()
        self._open: set[Connection] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._in_flight = 0
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False
        self._gone: asyncio.Future[None] | None = None

    @property
    def in_flight(self) -> int:
        """How many HTTP exchanges hold a connection, or are being given one, right now."""
        return self._in_flight

    async def acquire(self, *, repeatable: bool, fresh: bool = False) -> Connection:
        """A connection for one exchange, to be given back to `release`.

        `repeatable` says the caller may send the request again should a reused connection prove dead; `fresh`
        asks for a new connection. Raises `UpstreamRefused` or `UpstreamTimedOut`.
        """
        if self._closed:
            raise UpstreamRefused("the app is being stopped")
        if self._in_flight < self.limits.connections:
            self._in_flight += 1
        else:
            await self._turn()
        try:
            if not fresh:
                conn = self._rested(self.limits.idle_seconds if repeatable else _FRESH_SECONDS)
                if conn is not None:
                    return conn
            return await self.open()
        except BaseException:
            self._free_turn()
            raise

    def release(self, conn: Connection, *, keep: bool) -> None:
        """Take a connection back; it is kept only if the exchange ended cleanly on both sides (`keep`)."""
        if keep and conn.reusable and not self._closed and len(self._idle) < _IDLE_CONNECTIONS:
            conn.busy = False
            conn.reused = True
            conn.freed_at = asyncio.get_running_loop().time()
            self._idle.append(conn)
            if self._sweeper is None:
                self._arm()
        else:
            conn.close()
        self._free_turn()

    async def open(self) -> Connection:
        """A new connection that belongs to the caller alone; raises `UpstreamRefused` or `UpstreamTimedOut`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                _, conn = await loop.create_connection(
                    lambda: Connection(self.limits, loop, self._forget), self.host, self.port
                )
        except TimeoutError:
            raise UpstreamTimedOut("the app did not accept a connection in time") from None
        except OSError:
            raise UpstreamRefused("the app does not accept connections") from None
        self._open.add(conn)
        return conn

    def hand_over(self, conn: Connection) -> None:
        """Give up a connection from `open`: its transport gets another protocol, and outlives `aclose`."""
        self._open.discard(conn)

    async def aclose(self) -> None:
        """Drop every connection, refuse whoever waits, and return once the transports are gone."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(UpstreamRefused("the app is being stopped"))
        for conn in list(self._open):
            conn.transport.abort()
        if self._open:
            self._gone = asyncio.get_running_loop().create_future()
            await self._gone

    async def _turn(self) -> None:
        """Wait for another exchange to end and take its place, first come first served."""
        if len(self._waiting) >= self.limits.waiting:
            raise UpstreamRefused("too many requests wait for the app")
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self.limits.queue_seconds):
                await turn
        except BaseException as problem:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._free_turn()  # the place was given at the very moment of giving up
            elif turn in self._waiting:
                self._waiting.remove(turn)
            if isinstance(problem, TimeoutError):
                raise UpstreamTimedOut("the app was busy for too long") from None
            raise

    def _free_turn(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._in_flight -= 1

    def _rested(self, seconds: float) -> Connection | None:
        while self._idle:
            conn = self._idle[-1]
            if conn.lost or conn.transport.is_closing():
                self._idle.pop()
            elif asyncio.get_running_loop().time() - conn.freed_at <= seconds:
                return self._idle.pop()
            else:
                return None
        return None

    def _forget(self, conn: Connection) -> None:
        self._open.discard(conn)
        if self._gone is not None and not self._open and not self._gone.done():
            self._gone.set_result(None)

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(self.limits.idle_seconds, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        oldest_kept = asyncio.get_running_loop().time() - self.limits.idle_seconds
        while self._idle and (self._idle[0].lost or self._idle[0].freed_at <= oldest_kept):
            self._idle.popleft().close()
        if self._idle:
            self._arm()
