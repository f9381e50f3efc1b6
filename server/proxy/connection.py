"""One TCP connection to an app: sends a request, parses one answer at a time, and never trusts what follows it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

from server.proxy.failures import UpstreamBroke, UpstreamFailed

_INTERIM_ANSWERS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one instance may be asked for at once, and how long the proxy waits for it (seconds, bytes)."""

    connections: int = 200
    waiting: int = 1000
    connect_seconds: float = 5.0
    queue_seconds: float = 30.0
    response_seconds: float = 300.0
    idle_seconds: float = 4.0
    header_bytes: int = 65536
    header_count: int = 200
    buffer_bytes: int = 262144


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection to an app (RFC 9112), used by one exchange at a time.

    `begin` starts an exchange, `head` waits for the answer's head, `read` hands out its body. A parse error,
    a framing surprise or a byte nobody asked for ends the connection, so that nothing an app sends can become
    the answer to another request.
    """

    __slots__ = (
        "_body_hidden",
        "_bytes",
        "_chunks",
        "_gone",
        "_interim",
        "_interims",
        "_keep_alive",
        "_limits",
        "_loop",
        "_parser",
        "_reading_paused",
        "_size",
        "_until_close",
        "_upgrade",
        "_waiter",
        "_writable",
        "_writing_paused",
        "answered",
        "busy",
        "complete",
        "error",
        "freed_at",
        "headers",
        "lost",
        "ready",
        "reused",
        "status",
        "surplus",
        "transport",
    )

    def __init__(self, limits: Limits, loop: asyncio.AbstractEventLoop, gone: Callable[["Connection"], None]) -> None:
        self._limits = limits
        self._loop = loop
        self._gone = gone
        self.transport: asyncio.Transport
        self.lost = False
        self.reused = False
        self.freed_at = 0.0
        self.busy = False
        self._writing_paused = False
        self._reading_paused = False
        self._writable: asyncio.Future[None] | None = None
        self._reset(b"GET", upgrade=False)

    def _reset(self, method: bytes, *, upgrade: bool) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._bytes = 0
        self._interim = False
        self._interims = 0
        self._body_hidden = method == b"HEAD"
        self._upgrade = upgrade
        self._keep_alive = False
        self._until_close = False
        self.answered = False
        self.ready = False
        self.complete = False
        self.error: UpstreamFailed | None = None
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.surplus = b""

    # What an exchange calls.

    def begin(self, method: bytes, request: bytes, *, upgrade: bool = False) -> None:
        """Send the request's head, with as much of its body as is at hand, and get ready for the answer."""
        self._reset(method, upgrade=upgrade)
        self.busy = True
        if self.transport.is_closing():
            self.error = UpstreamBroke("the app closed the connection")
        else:
            self.transport.write(request)

    async def head(self) -> None:
        """Wait until `status` and `headers` hold the final answer's head; raises `UpstreamBroke`."""
        while not self.ready:
            if self.error is not None:
                raise self.error
            await self._wait()

    async def read(self) -> bytes:
        """The body bytes that have arrived, or b"" at its end; raises `UpstreamBroke` if the end never came."""
        while True:
            if self._chunks:
                chunks, self._chunks, self._size = self._chunks, [], 0
                if self._reading_paused and not self.transport.is_closing():
                    self._reading_paused = False
                    self.transport.resume_reading()
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)
            if self.complete:
                return b""
            if self.error is not None:
                raise self.error
            await self._wait()

    async def write(self, data: bytes) -> None:
        """Send more of the request's body, waiting while the app does not read it."""
        if self.transport.is_closing():
            return
        self.transport.write(data)
        if self._writing_paused:
            self._writable = self._loop.create_future()
            await self._writable

    @property
    def finished(self) -> bool:
        """The answer has ended and all of it was read."""
        return self.complete and not self._chunks

    @property
    def reusable(self) -> bool:
        """The connection may carry another request: the answer ended where it said, and the app keeps it open."""
        return self.complete and self._keep_alive and self.error is None and not self.lost

    def close(self) -> None:
        """Drop the connection at once, whatever it is doing."""
        self.busy = False
        if not self.lost:
            self.transport.abort()

    def _wait(self) -> asyncio.Future[None]:
        self._waiter = self._loop.create_future()
        return self._waiter

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def _break(self, reason: str) -> None:
        if self.error is None:
            self.error = UpstreamBroke(reason)
        if not self.lost:
            self.transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's transports are not subclasses of it
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not self.busy:
            self._break("the app sent bytes nobody asked for")
            return
        self.answered = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgraded(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._break("the app's answer was not valid HTTP")
        if not self.ready and self.error is None:
            self._bytes += len(data)
            if self._bytes > 2 * self._limits.header_bytes:
                self._break("the app's answer had too large a head")
        if self._size > self._limits.buffer_bytes and not self._reading_paused and not self.transport.is_closing():
            self._reading_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Close when the app closes: half-open HTTP connections carry nothing more."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.busy and not self.complete:
            if self.ready and self._until_close and exc is None and self.error is None:
                self.complete = True
            elif self.error is None:
                self.error = UpstreamBroke("the app closed the connection before its answer ended")
        self._wake()
        self.resume_writing()
        self._gone(self)

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        writable = self._writable
        if writable is not None:
            self._writable = None
            if not writable.done():
                writable.set_result(None)

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.complete:
            self._break("the app sent more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.ready:
            return  # a trailer: never a header
        self._bytes += len(name) + len(value)
        self.headers.append((name.lower(), value))
        if len(self.headers) > self._limits.header_count or self._bytes > self._limits.header_bytes:
            self._break("the app's answer had too large a head")

    def on_headers_complete(self) -> None:
        if self.complete or self.error is not None:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200 and not (self._upgrade and status == 101):
            self._interim = True
            self._interims += 1
            self.headers.clear()
            if status == 101 or self._interims > _INTERIM_ANSWERS:
                self._break("the app's answer was not one to this request")
            return
        if not 101 <= status <= 599:
            self._break("the app's answer had an unknown status")
            return
        self.status = status
        if status != 101:
            self._frame(status)

    def _frame(self, status: int) -> None:
        """Decide where the answer ends (RFC 9112 section 6.3) and whether the connection outlives it."""
        length, coded = b"", False
        for name, value in self.headers:
            if name == b"content-length":
                length = value
            elif name == b"transfer-encoding":
                coded = True
                if value.strip().lower() != b"chunked":
                    self._break("the app's answer had an unknown transfer coding")
                    return
        announced = coded or length.strip(b"0 \t") != b""
        self._keep_alive = self._parser.should_keep_alive()
        if self._body_hidden or status in (204, 304):
            # What a body-less answer announces may follow all the same, so that connection is not used again.
            self._keep_alive = self._keep_alive and not announced
            self.complete = self._body_hidden
        else:
            self._until_close = not coded and not length
        self.ready = True

    def on_body(self, body: bytes) -> None:
        if self.complete:
            self._break("the app sent more than its answer")
            return
        self._chunks.append(body)
        self._size += len(body)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        elif self.ready:
            self.complete = True

    def _upgraded(self, rest: bytes) -> None:
        if self._upgrade and self.status == 101 and self.error is None:
            self.ready = True
            self.surplus = rest
            self._reading_paused = True
            self.transport.pause_reading()
        else:
            self._break("the app's answer was not one to this request")
