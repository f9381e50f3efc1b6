"""What the gateway hands the proxy, and what the proxy asks of the gateway: plain frozen values."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from server.proxy.upstream import Upstream

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a WebSocket handshake, before anybody decided anything.

    `target` is the raw origin-form path and query as sent; header names are lower-cased, values untouched;
    `scheme` is "http" or "https", of the connection itself.
    """

    method: bytes
    target: bytes
    headers: tuple[Header, ...]
    client: tuple[str, int] | None
    scheme: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a decided request goes, and what the proxy puts on it.

    `target` is sent to the app byte for byte. `inject` replaces every client copy of the same names. `stripped`
    says that `target` lacks the base path, as the app does in what it answers.
    `public_origin` ("https://apps.example.com") fills X-Forwarded-Proto/-Host and rewritten Locations;
    `base_path` ("/content/<guid>", or "" at the root of an own host) fills X-Forwarded-Prefix and confines
    cookies. `tags` are what `Registry.close` and `Registry.count` find this exchange by. `opened` is called when
    a WebSocket was opened there, and what it returns once when that has ended.
    """

    upstream: Upstream
    target: bytes
    inject: tuple[Header, ...]
    public_origin: str
    base_path: str
    tags: frozenset[str]
    stripped: bool = False
    opened: Callable[[], Callable[[], None]] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A whole HTTP answer to a handshake that may not pass; the proxy adds Content-Length and Connection."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


Decide = Callable[[Head], Awaitable[Destination | Refusal]]


def target_of(scope: Mapping[str, Any]) -> bytes:
    """The raw request target of an ASGI HTTP scope, byte for byte.

    `StrictHttpToolsProtocol` leaves the exact bytes in the scope's extensions; under another server the
    target is put together from `raw_path` and `query_string`, which cannot tell "/a?" from "/a".
    """
    exact = scope.get("extensions", {}).get("tabard.target")
    if exact is not None:
        target: bytes = exact["raw"]
        return target
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path
