"""One HTTP exchange: a client's request to an app, and the app's answer back, as it arrives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from server.proxy.connection import Connection
from server.proxy.contract import Destination, Header
from server.proxy.failures import UpstreamBroke, UpstreamFailed, UpstreamTimedOut
from server.proxy.headers import HeaderPolicy, public_name
from server.proxy.registry import Registry

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# An exchange that outlives this (seconds) begins to watch whether its client is still there.
_LINGER_SECONDS = 0.1
_log = logging.getLogger("tabard.proxy")


async def forward(
    scope: MutableMapping[str, Any],
    receive: Receive,
    send: Send,
    destination: Destination,
    policy: HeaderPolicy,
    registry: Registry,
) -> None:
    """Pass one ASGI HTTP request to the destination and its answer back, both streamed with back-pressure.

    Raises `UpstreamRefused`, `UpstreamTimedOut` or `UpstreamBroke` before anything was sent to the client.
    Once the answer has begun, a broken app ends the call without the final body message, which makes the
    server close the client's connection: a cut answer is never passed off as whole. A client that leaves ends
    the app's exchange too.
    """
    exchange = _Exchange(scope, receive, send, destination, policy)
    registry.add(exchange, destination.tags)
    try:
        await exchange.run()
    finally:
        registry.discard(exchange)


def request_bytes(method: bytes, target: bytes, headers: Iterable[Header]) -> bytes:
    """A request head as it goes over the wire (RFC 9112 section 3)."""
    parts = [method, b" ", target, b" HTTP/1.1\r\n"]
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)


class _Exchange:
    """The state of one forwarded request; ended early through `close`, by its client leaving, or by its deadline."""

    __slots__ = (
        "_active",
        "_chunked",
        "_conn",
        "_destination",
        "_ended",
        "_failure",
        "_loop",
        "_policy",
        "_public",
        "_receive",
        "_scope",
        "_send",
        "_started",
        "_task",
        "_timer",
        "_uploading",
        "_watcher",
    )

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
        destination: Destination,
        policy: HeaderPolicy,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._destination = destination
        self._policy = policy
        self._public = public_name(destination.public_origin, destination.base_path, stripped=destination.stripped)
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] = task
        self._conn: Connection | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: UpstreamFailed | None = None
        self._ended = False
        self._started = False
        self._uploading = False
        self._chunked = False
        self._active = 0.0

    def close(self, code: int, reason: str) -> None:
        """End the exchange from outside (`Registry.close`)."""
        self._end(UpstreamBroke("the request was ended by the server"))

    async def run(self) -> None:
        """Do the whole exchange; raises as `forward` says."""
        try:
            await self._exchange()
        except UpstreamFailed as failure:
            if not self._started:
                raise
            _log.warning("an answer was cut short: %s", failure)
        except asyncio.CancelledError:
            if not self._ended:
                raise
            self._task.uncancel()
            if self._failure is not None and not self._started:
                raise self._failure from None
        finally:
            self._clean()

    async def _exchange(self) -> None:
        method: str = self._scope["method"]
        request, repeatable = await self._first_bytes(method.encode())
        if request is None:
            return
        self._active = self._loop.time()
        self._timer = self._loop.call_later(_LINGER_SECONDS, self._lingers)
        conn = await self._answer(method.encode(), request, repeatable)
        self._timer.cancel()
        await self._pass_back(conn, method)
        if conn.finished and not self._uploading:
            self._conn = None
            self._destination.upstream.release(conn, keep=True)

    async def _first_bytes(self, method: bytes) -> tuple[bytes | None, bool]:
        """The request's head with the body bytes at hand, and whether it may be sent twice (RFC 9110, 9.2.2)."""
        scope = self._scope
        length, coded = b"", False
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = value
            elif name == b"transfer-encoding":
                coded = True
        headers = self._policy.request(
            scope["headers"],
            public=self._public,
            client=scope["client"],
            inject=self._destination.inject,
        )
        head = request_bytes(method, self._destination.target, headers)
        if not coded and length.strip(b"0") == b"":
            return head, method in (b"GET", b"HEAD")
        self._chunked = coded
        message = await self._receive()
        if message["type"] != "http.request":
            return None, False
        self._uploading = message.get("more_body", False)
        return head + self._framed(message), False

    def _framed(self, message: Message) -> bytes:
        """A piece of the request's body as the app reads it."""
        body: bytes = message.get("body", b"")
        if not self._chunked:
            return body
        framed = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return framed if message.get("more_body", False) else framed + b"0\r\n\r\n"

    async def _answer(self, method: bytes, request: bytes, repeatable: bool) -> Connection:
        """Send the request and wait for the answer's head; once more on a new connection if that is safe (G-21)."""
        upstream = self._destination.upstream
        fresh = False
        while True:
            conn = self._conn = await upstream.acquire(repeatable=repeatable, fresh=fresh)
            conn.begin(method, request)
            if self._uploading and self._watcher is None:
                self._watch()
            try:
                await conn.head()
            except UpstreamFailed:
                if not (repeatable and conn.reused and not conn.answered):
                    raise
                self._drop()
                fresh = True
            else:
                return conn

    async def _pass_back(self, conn: Connection, method: str) -> None:
        upstream = self._destination.upstream
        status = conn.status
        try:
            headers = self._policy.response(
                conn.headers, status=status, public=self._public, internal=(upstream.host, upstream.port)
            )
        except ValueError:
            raise UpstreamBroke("the app's answer had an invalid header field") from None
        self._started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if not conn.complete and self._watcher is None:
            self._watch()
        while True:
            body = await conn.read() if method != "HEAD" else b""
            more = not conn.finished
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
            if not more:
                return

    # Everything below happens only to exchanges that take a while.

    def _lingers(self) -> None:
        """Begin to watch the client, and see to the deadline until the head of the answer is there."""
        if self._watcher is None:
            self._watch()
        left = self._active + self._destination.upstream.limits.response_seconds - self._loop.time()
        if left <= 0:
            self._end(UpstreamTimedOut("the app did not answer in time"))
        else:
            self._timer = self._loop.call_later(left, self._lingers)

    def _watch(self) -> None:
        self._watcher = self._loop.create_task(self._follow_client())

    async def _follow_client(self) -> None:
        """Pass on the rest of the request's body, then wait for the client to leave."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._end(None)
                return
            if self._uploading and self._conn is not None:
                self._active = self._loop.time()
                await self._conn.write(self._framed(message))
                self._uploading = message.get("more_body", False)
                self._active = self._loop.time()

    def _end(self, failure: UpstreamFailed | None) -> None:
        if not self._ended:
            self._ended = True
            self._failure = failure
            self._task.cancel()

    def _drop(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            self._destination.upstream.release(conn, keep=False)

    def _clean(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        self._drop()
