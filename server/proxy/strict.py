"""uvicorn's httptools protocol with the door closed: ambiguous, oversized and slow requests never reach the app."""

import asyncio
from typing import Any, ClassVar

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from server.proxy.admission import (
    HEADER_BYTES,
    HEADER_FIELDS,
    TARGET_BYTES,
    Refused,
    refused_request,
)
from server.proxy.cork import Cork

# Bytes that may go by without completing a header, a body piece or a message.
_UNSEEN_BYTES = TARGET_BYTES + HEADER_BYTES
# After a refusal the client may still be sending; its bytes are dropped for this long (seconds), so that it
# can read the refusal before the connection is reset.
_LINGER_SECONDS = 2.0
_INVALID = Refused(400, "Invalid HTTP request.")
_API = b"/__api__/"


def strict_protocol(
    *, allowed_hosts: frozenset[str] | None = None, head_seconds: float = 10.0
) -> type[HttpToolsProtocol]:
    """The class to give uvicorn as `http=`.

    `allowed_hosts` as `admission.refused_head` takes them. A request head not complete within `head_seconds`
    of its first byte (or of the connection) ends the connection.
    """
    attributes = {"allowed_hosts": allowed_hosts, "head_seconds": head_seconds}
    return type("StrictProtocol", (StrictHttpToolsProtocol,), attributes)


class _Refuse(Exception):
    """Stops the parser; httptools wraps it, so the reason is kept beside it."""


class StrictHttpToolsProtocol(HttpToolsProtocol):
    """One client connection. What uvicorn's class lets pass and this one does not is tabled in `admission`.

    Also: fields after the body (trailers) are dropped instead of being appended to the scope, bytes that came
    together with a WebSocket handshake are not lost, and the scope carries the exact request target.
    """

    allowed_hosts: ClassVar[frozenset[str] | None] = None
    head_seconds: ClassVar[float] = 10.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = False
        self._in_body = False
        self._fields = 0
        self._field_bytes = 0
        self._unseen = 0
        self._refused: Refused | None = None
        self._closing: asyncio.TimerHandle | None = None
        self.url = b""

    # What the event loop calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        if self._closing is not None:
            self._closing.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused is not None:
            return
        self._unset_keepalive_if_required()
        self._unseen += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._head_is_here()
            self.handle_websocket_upgrade()
            self._hand_on(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(self._refused or _INVALID)
            return
        if (self._in_head or self._in_body) and self._unseen > _UNSEEN_BYTES:
            self._refuse(Refused(431, "The request header fields are too large."))
        elif not self._in_body and self._deadline is None and (self._in_head or not self._busy):
            self._await_head()

    # What the parser calls.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._fields = 0
        self._field_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > TARGET_BYTES:
            self._stop(Refused(414, "The request target is too long."))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._unseen = 0
        self._fields += 1
        self._field_bytes += len(name) + len(value) + 4
        if self._fields > HEADER_FIELDS or self._field_bytes > HEADER_BYTES:
            self._stop(Refused(431, "The request header fields are too large."))
        if self._in_head:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        refused = refused_request(
            self.parser.get_method().decode("ascii"),
            self.parser.get_http_version(),
            self.url,
            self.headers,
            self.allowed_hosts,
        )
        if refused is None and self.parser.should_upgrade() and (self._busy or not self.ws_protocol_class):
            refused = Refused(400, "A WebSocket cannot be opened here.")
        if refused is not None:
            self._stop(refused)
        self._in_head = False
        self._in_body = True
        self._head_is_here()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = {"tabard.target": {"raw": self.url}}
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.cycle.transport = Cork(self.transport, self.loop)  # type: ignore[assignment]

    def _should_upgrade(self) -> bool:
        """Called by uvicorn once the parser saw an upgrade; what is no WebSocket was refused before."""
        return True

    def on_body(self, body: bytes) -> None:
        self._unseen = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unseen = 0
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        unread_100 = self._in_body and self.expect_100_continue and not self.cycle.body
        super().on_response_complete()
        if self._refused is not None and not self._busy:
            self._write_refusal(self._refused)
        elif unread_100 and self.cycle.response_complete and not self.transport.is_closing():
            # The client may or may not send the body it asked about: what follows cannot be told apart
            # (T-82).
            self.transport.close()

    # Refusals.

    @property
    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _stop(self, refused: Refused) -> None:
        self._refused = refused
        raise _Refuse

    def _refuse(self, refused: Refused) -> None:
        """Refuse what is being parsed, after the answers to what came before it on this connection."""
        self._refused = refused
        self._head_is_here()
        if not self._in_body:
            if not self._busy:
                self._write_refusal(refused)
        elif self._busy and not self.cycle.response_started and not self.pipeline:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._write_refusal(refused)
        else:
            self.transport.abort()

    def _write_refusal(self, refused: Refused) -> None:
        if self.transport.is_closing():
            return
        kind, body = refused.written(api=self.url.startswith(_API))
        head = {
            b"content-type": kind,
            b"content-length": b"%d" % len(body),
            b"connection": b"close",
        }
        if refused.status == 405:
            head[b"allow"] = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        lines = [name + b": " + value + b"\r\n" for name, value in head.items()]
        self.transport.write(b"".join((STATUS_LINE[refused.status], *lines, b"\r\n", body)))
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.flow.resume_reading()
            self._closing = self.loop.call_later(_LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()

    # The head's deadline, and the hand-over to a WebSocket.

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _head_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _head_is_late(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    def _hand_on(self, rest: bytes) -> None:
        protocol = self.transport.get_protocol()
        if rest and protocol is not self and isinstance(protocol, asyncio.Protocol):
            protocol.data_received(rest)
