"""WebSockets: decided once at the handshake, then two spliced connections in which nothing is parsed any more."""

import asyncio
import http
import logging
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import get_remote_addr, is_ssl
from uvicorn.server import ServerState

from server.proxy.connection import Connection
from server.proxy.contract import Decide, Destination, Head, Header, Refusal
from server.proxy.failures import UpstreamFailed, UpstreamTimedOut
from server.proxy.forward import request_bytes
from server.proxy.handshake import close_frame, masked_close_frame, plain_refusal, read_head, refusal_of
from server.proxy.headers import HeaderPolicy, Public, public_name
from server.proxy.registry import Registry
from server.proxy.splice import Splice

_UPGRADE: tuple[Header, ...] = ((b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"))
_REFUSAL_BODY_BYTES = 262144
_FAREWELL_SECONDS = 1.0
_TO_APP = masked_close_frame(1001)
_log = logging.getLogger("tabard.proxy")


def socket_protocol(
    decide: Decide, policy: HeaderPolicy, registry: Registry, *, handshake_seconds: float = 10.0
) -> type[asyncio.Protocol]:
    """The class to give uvicorn as `ws=`: every handshake is put to `decide`, then refused or spliced.

    `handshake_seconds` bound the decision, the connection to the app and the app's answer together. A socket
    is in `registry` under its destination's tags from the decision on; a server that shuts down closes it
    with 1012.
    """

    class SocketProtocol(_Socket):
        def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], **_: object) -> None:
            super().__init__(server_state, decide, policy, registry, handshake_seconds)

    return SocketProtocol


class _Socket(asyncio.Protocol):
    """One client's WebSocket, from the handshake uvicorn hands over to the end of both connections."""

    def __init__(
        self,
        server_state: ServerState,
        decide: Decide,
        policy: HeaderPolicy,
        registry: Registry,
        handshake_seconds: float,
    ) -> None:
        self._server_state = server_state
        self._decide = decide
        self._policy = policy
        self._registry = registry
        self._seconds = handshake_seconds
        self._transport: asyncio.Transport
        self._task: asyncio.Task[None] | None = None
        self._splice: Splice | None = None
        self._early: list[bytes] = []
        self._ended: Callable[[], None] | None = None

    # What the server and the event loop call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's transports are not subclasses of it
        self._transport = transport
        self._server_state.connections.add(self)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        if self._task is not None:
            self._early.append(data)
            return
        transport = self._transport
        head = read_head(data, get_remote_addr(transport), "https" if is_ssl(transport) else "http")
        refusal = plain_refusal(400, "not a request") if head is None else refusal_of(head)
        if refusal is not None or head is None:
            self._answer(refusal or plain_refusal(400, "not a request"))
            return
        transport.pause_reading()
        self._task = asyncio.get_running_loop().create_task(self._open(head))
        self._server_state.tasks.add(self._task)
        self._task.add_done_callback(self._server_state.tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()
        self._forget()

    def shutdown(self) -> None:
        """The server is going down (called by uvicorn)."""
        self.close(1012, "the server is restarting")

    # What the registry calls.

    def close(self, code: int, reason: str) -> None:
        """End the socket: a close frame if it is open (see `Registry.close`), else the bare connection."""
        if self._splice is not None:
            self._splice.end(close_frame(code, reason), _TO_APP, _FAREWELL_SECONDS)
        else:
            if self._task is not None:
                self._task.cancel()
            self._transport.close()

    # The handshake.

    async def _open(self, head: Head) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                outcome = await self._decide(head)
                if isinstance(outcome, Refusal):
                    self._answer(outcome)
                else:
                    self._registry.add(self, outcome.tags)
                    await self._connect(head, outcome)
        except asyncio.CancelledError:
            self._transport.close()
            raise
        except (TimeoutError, UpstreamTimedOut):
            self._answer(plain_refusal(504, "the app did not answer in time"))
        except UpstreamFailed as failure:
            self._answer(plain_refusal(502, str(failure)))
        except Exception:
            _log.exception("deciding about a WebSocket failed")
            self._answer(plain_refusal(500, "Internal Server Error"))

    async def _connect(self, head: Head, destination: Destination) -> None:
        upstream = destination.upstream
        public = public_name(destination.public_origin, destination.base_path, stripped=destination.stripped)
        headers = self._policy.request(head.headers, public=public, client=head.client, inject=destination.inject)
        conn = await upstream.open()
        try:
            request = request_bytes(b"GET", destination.target, (*headers, *_UPGRADE))
            conn.begin(b"GET", request, upgrade=True)
            await conn.head()
            answer = self._app_headers(conn, public, (upstream.host, upstream.port))
            if conn.status != 101:
                self._answer(Refusal(conn.status, answer, await _body(conn)))
                return
            upstream.hand_over(conn)
            self._tie(conn, answer)
            if destination.opened is not None:
                self._ended = destination.opened()
        finally:
            if self._splice is None:
                conn.close()

    def _app_headers(self, conn: Connection, public: Public, internal: tuple[str, int]) -> tuple[Header, ...]:
        try:
            headers = self._policy.response(conn.headers, status=conn.status, public=public, internal=internal)
        except ValueError:
            raise UpstreamFailed("the app's answer had an invalid header field") from None
        return tuple(header for header in headers if header[0] != b"content-length")

    def _tie(self, conn: Connection, headers: tuple[Header, ...]) -> None:
        """Relay the app's 101, hand over what came with the heads, and splice."""
        self._splice = Splice(self._transport, conn.transport, self._forget)
        self._splice.start(_head(101, (*_UPGRADE, *headers)) + conn.surplus, b"".join(self._early))
        self._early.clear()

    def _answer(self, refusal: Refusal) -> None:
        """Write a whole HTTP answer and close."""
        length = str(len(refusal.body)).encode()
        headers = (*refusal.headers, (b"content-length", length), (b"connection", b"close"))
        if not self._transport.is_closing():
            self._transport.write(_head(refusal.status, headers) + refusal.body)
            self._transport.close()

    def _forget(self) -> None:
        self._registry.discard(self)
        self._server_state.connections.discard(self)
        ended, self._ended = self._ended, None
        if ended is not None:
            ended()


async def _body(conn: Connection) -> bytes:
    """The body with which an app refuses a socket, if it is of a sane size."""
    body = b""
    while not conn.finished:
        body += await conn.read()
        if len(body) > _REFUSAL_BODY_BYTES:
            raise UpstreamFailed("the app's answer was too large")
    return body


def _head(status: int, headers: tuple[Header, ...]) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase.encode()
    except ValueError:
        phrase = b""
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, phrase)]
    lines += [name + b": " + value + b"\r\n" for name, value in headers]
    return b"".join((*lines, b"\r\n"))
