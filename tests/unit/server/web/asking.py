"""Requests without a server: a Starlette request from a few words, and an API around some routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from server.web.caller import ANONYMOUS, BadCredential, Caller

PERSON = Caller(user_id=1, guid="ann", username="ann", role="publisher", via="session", credential="session:s")
BY_KEY = Caller(user_id=1, guid="ann", username="ann", role="publisher", via="key", credential="key:1")


def asking(
    method: str = "GET",
    target: str = "/",
    *,
    caller: Caller | BadCredential = ANONYMOUS,
    body: bytes | Iterable[bytes] = b"",
    cut: bool = False,
    **headers: str,
) -> Request:
    """A request; header names use underscores. With `cut` the client goes away after the body so far."""
    parts = urlsplit(target)
    chunks = [body] if isinstance(body, bytes) else list(body)
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]
    messages.append({"type": "http.disconnect"} if cut else {"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": method,
        "path": parts.path,
        "query_string": parts.query.encode(),
        "headers": [(n.replace("_", "-").lower().encode(), v.encode("latin-1")) for n, v in headers.items()],
        "state": {"caller": caller, "request_id": "test"},
        "client": ("1.2.3.4", 5),
    }
    return Request(scope, receive)
