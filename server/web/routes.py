"""Declared routes: each says who may call it; what is not declared is refused (security.md S-10)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.web.caller import Caller
from server.web.described import LARGEST, LARGEST_ASKED, Says
from server.web.errors import AUTH_REQUIRED, INVALID_ID, ApiError, denied, invalid, not_found

Endpoint = Callable[[Request, Caller], Awaitable[Response]]
LARGEST_ID = LARGEST
PARAMETER = re.compile(r"{(\w+)}")
NOT_CACHED = (b"cache-control", b"no-store")
_spell = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Route:
    """One method and path of the API below `/__api__`, and who may call it.

    `role` is the least role, or None where nobody needs to sign in. `content_key` says whether a running
    instance's own key may call it. `says` describes it for openapi.json.
    """

    method: str
    path: str
    endpoint: Endpoint
    role: str | None = "viewer"
    content_key: bool = False
    says: Says | None = None
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pattern = re.compile("^" + PARAMETER.sub(r"(?P<\1>[^/]+)", self.path) + "/?$")
        object.__setattr__(self, "pattern", pattern)

    def admit(self, caller: Caller) -> None:
        """Raises ApiError unless `caller` may use this route."""
        if self.role is None:
            return
        if not caller.signed_in:
            raise ApiError(401, AUTH_REQUIRED, "Sign in, or send an API key: Authorization: Key <key>.")
        if caller.via == "content" and not self.content_key:
            raise denied("A running app's own key may not call this.")
        if not caller.has(self.role):
            raise denied(f"This needs the role {self.role}.")


class Routes:
    """A room's or service's list of routes: `@routes.get("/v1/user")`."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def add(self, method: str, path: str, **terms: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare one route."""

        def declare(endpoint: Endpoint) -> Endpoint:
            self.routes.append(Route(method, path, endpoint, **terms))
            return endpoint

        return declare

    def get(self, path: str, **terms: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a GET."""
        return self.add("GET", path, **terms)

    def post(self, path: str, **terms: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a POST."""
        return self.add("POST", path, **terms)

    def put(self, path: str, **terms: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a PUT."""
        return self.add("PUT", path, **terms)

    def patch(self, path: str, **terms: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a PATCH."""
        return self.add("PATCH", path, **terms)

    def delete(self, path: str, **terms: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a DELETE."""
        return self.add("DELETE", path, **terms)


def guid_in(request: Request, name: str = "guid") -> str:
    """The GUID of a path parameter, canonical. Raises ApiError 400 for anything that is not one."""
    value: str = request.path_params[name]
    try:
        parsed = str(uuid.UUID(value))
    except ValueError:
        parsed = ""
    if parsed != value.lower() or len(value) != 36:
        raise invalid(f"{name} is not a GUID.", INVALID_ID)
    return parsed


def number_in(request: Request, name: str) -> int:
    """The whole number of a path parameter. Raises ApiError 400, or 404 for one that no row can have."""
    value: str = request.path_params[name]
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise invalid(f"{name} is not a number.", INVALID_ID)
    if int(value) > LARGEST_ID:
        raise not_found()
    return int(value)


def whole(request: Request, name: str, default: int, *, low: int = 0, high: int = LARGEST) -> int:
    """A whole number of the query string, cut to `high`. Raises ApiError 400."""
    text = request.query_params.get(name)
    if text is None:
        return default
    short = text.isascii() and text.isdigit() and len(text) < 16
    if not short or not low <= int(text) <= LARGEST_ASKED:
        raise invalid(f"{name} must be a whole number from {low} to {LARGEST_ASKED}.")
    return min(int(text), high)


def truth(request: Request, name: str, default: bool) -> bool:
    """A `true` or `false` of the query string. Raises ApiError 400."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if text not in ("true", "false"):
        raise invalid(f"{name} must be true or false.")
    return text == "true"


def moment(text: str, name: str) -> datetime:
    """The time of an RFC 3339 text, in UTC; `name` is what it was sent as. Raises ApiError 400."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid(f"{name} must look like 2027-01-31T00:00:00Z.") from None


def json_reply(value: Any, status: int = 200, **headers: str) -> Response:
    """A JSON reply that nothing caches."""
    return _JsonReply(spelled(value), status, headers)


def spelled_reply(body: bytes, **headers: str) -> Response:
    """As `json_reply`, of what was spelled already."""
    return _JsonReply(body, 200, headers)


def spelled(value: Any) -> bytes:
    """A value as JSON."""
    return _spell(value).encode()


class _JsonReply(Response):
    """As Starlette's JSONResponse, with its head put together at once: every call of the API makes one."""

    media_type = "application/json"

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.status_code, self.background = status, None
        self.body = body
        more = [(name.lower().encode("latin-1"), said.encode("latin-1")) for name, said in headers.items()]
        length = (b"content-length", b"%d" % len(self.body))
        self.raw_headers = [NOT_CACHED, *more, length, (b"content-type", b"application/json")]


def empty_reply() -> Response:
    """204."""
    return Response(status_code=204)
