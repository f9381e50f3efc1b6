"""The endpoints that tools call: metadata, registration, tokens, device authorization and revocation.

Errors have the shape of RFC 6749 section 5.2, not the API's.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.accounts.throttle import Throttle
from server.clients.registration import GRANTS, Refused
from server.clients.tools import Full, Tools
from server.clients.wire import Malformed, Payload, Reply, refusal
from server.db.engine import CannotStore, DatabaseUnavailable
from server.web.body import FORM_FIELDS, parse_json, read_limited
from server.web.errors import ApiError

BASE = "/oauth/v1"
METADATA = "/.well-known/oauth-authorization-server"
LARGEST = 16 * 1024
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
# Registrations and device authorizations that one address may begin at once; then they are slowed down. A whole
# office may share an address, so nobody is locked out by others there.
FREE, LONGEST_WAIT = 60, 4.0
Endpoint = Callable[[Request], Awaitable[Response]]


def metadata(origin: str) -> dict[str, Any]:
    """What tools read first (RFC 8414)."""
    return {
        "issuer": origin,
        "authorization_endpoint": f"{origin}{BASE}/authorize",
        "token_endpoint": f"{origin}{BASE}/token",
        "registration_endpoint": f"{origin}{BASE}/register",
        "device_authorization_endpoint": f"{origin}{BASE}/device/authorize",
        "revocation_endpoint": f"{origin}{BASE}/revoke",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


def _reply(found: Reply) -> Response:
    headers = {name: value for name, value in found.headers.items() if name.lower() != "content-type"}
    return JSONResponse(found.body, found.status, headers | NO_STORE)


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _form(request: Request) -> Payload:
    """The parameters of a form. Raises ApiError, Malformed."""
    if _kind(request) != FORM:
        raise Malformed(f"Send the parameters as {FORM}.")
    raw = await read_limited(request, LARGEST)
    try:
        return Payload(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS, errors="strict"))
    except ValueError:
        raise Malformed("The form in the request body cannot be read.") from None


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


class Endpoints:
    """Mount `routes` at the root."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._beginning = Throttle(free=FREE, longest=LONGEST_WAIT)

    async def described(self, _request: Request) -> Response:
        """GET the metadata."""
        return JSONResponse(metadata(self._tools.origin), headers={"Cache-Control": "no-store"})

    async def token(self, request: Request) -> Response:
        """POST a grant, get tokens (RFC 6749 section 3.2)."""
        return _reply(await self._tools.token(await _form(request), _address(request)))

    async def revoke(self, request: Request) -> Response:
        """POST a token that is no longer needed (RFC 7009)."""
        return _reply(await self._tools.revoke(await _form(request)))

    async def device(self, request: Request) -> Response:
        """POST the beginning of a sign-in on another device (RFC 8628 section 3.1)."""
        payload = await _form(request)
        self._slow_down(request)
        return _reply(await self._tools.begin_device(payload, _address(request)))

    async def register(self, request: Request) -> Response:
        """POST what a tool says of itself (RFC 7591)."""
        if _kind(request) != JSON:
            raise Malformed(f"Send the registration as {JSON}.")
        given = parse_json(await read_limited(request, LARGEST))
        self._slow_down(request)
        try:
            return _reply(Reply(201, await self._tools.register(given)))
        except Refused as error:
            return _reply(refusal(error.error, str(error)))
        except Full:
            return _reply(refusal("temporarily_unavailable", "Too many tools are registered here.", 503))

    def _slow_down(self, request: Request) -> None:
        """Anybody may begin, so each address gets slower. Raises ApiError 429."""
        address = _address(request)
        wait = self._beginning.wait(address)
        if wait > 0:
            raise ApiError(429, 0, "Too many sign-ins were begun from this address; try again shortly.", retry=wait)
        self._beginning.failed(address)

    def routes(self) -> list[Route]:
        """Every endpoint; other methods are answered 405 in the same shape."""
        found = [Route(METADATA, _method("GET", self.described), methods=EVERY)]
        for path, endpoint in (
            ("/token", self.token),
            ("/revoke", self.revoke),
            ("/register", self.register),
            ("/device/authorize", self.device),
        ):
            found.append(Route(BASE + path, _method("POST", endpoint), methods=EVERY))
        return found


EVERY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def _method(method: str, endpoint: Endpoint) -> Endpoint:
    async def answer(request: Request) -> Response:
        if request.method != method and (request.method, method) != ("HEAD", "GET"):
            found = refusal("invalid_request", f"Use {method} here.", 405)
            found.headers["Allow"] = method
            return _reply(found)
        try:
            return await endpoint(request)
        except Malformed as error:
            return _reply(refusal("invalid_request", str(error)))
        except CannotStore:
            return _reply(refusal("invalid_request", "A parameter holds what cannot be stored."))
        except ApiError as error:
            busy = error.status in (429, 503)
            found = refusal("temporarily_unavailable" if busy else "invalid_request", error.message, error.status)
            if error.retry is not None:
                found.headers["Retry-After"] = str(math.ceil(error.retry))
            return _reply(found)
        except DatabaseUnavailable:
            return _reply(refusal("temporarily_unavailable", "The database is not available; try again shortly.", 503))

    return answer
