"""Owns how scripted faults are played: which answer one gives, and how an answer is kept from arriving whole."""

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final
from weakref import WeakValueDictionary

from joserfc import jwt
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from integrations.sandbox.settings import Fault
from integrations.sandbox.state import State
from integrations.sandbox.wire import Reply, WireRequest

_STATUS: Final = {"server_error": 500, "unavailable": 503, "rate_limited": 429, "not_json": 200}
NO_STORE: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_MEGABYTE: Final = 1024 * 1024
UNDELIVERED: Final = frozenset({"lost_answer", "drip", "cut", "never"})
# The transports of the running server's connections by the client's address, so that one can be reset.
CONNECTIONS: WeakValueDictionary[tuple[str, int], asyncio.Transport] = WeakValueDictionary()


def iso(moment: float) -> str:
    """Return Unix seconds as vendors write times: UTC, to the second, with a Z."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def oauth_error(status: int, error: str, description: str) -> Reply:
    """Return an OAuth error answer (RFC 6749 section 5.2)."""
    return Reply(status, {"error": error, "error_description": description}, list(NO_STORE))


def refusal(fault: Fault) -> Reply | None:
    """Return the answer of a fault that strikes before any work, or None for the other kinds."""
    if fault.kind in {"invalid_grant", "invalid_client"}:
        return oauth_error(401 if fault.kind == "invalid_client" else 400, fault.kind, "A scripted fault.")
    if fault.kind == "oauth_error":
        body = {"error": fault.value} if isinstance(fault.value, str) else dict(fault.value)
        return Reply(int(body.pop("status", 400)), body, list(NO_STORE))
    if fault.kind == "answer":
        headers = list((fault.value.get("headers") or {}).items())
        return Reply(fault.value.get("status", 200), fault.value.get("body", ""), headers)
    if fault.kind == "redirect":
        return Reply(307, "", [("Location", fault.value)])
    if fault.kind in {"gzip_bomb", "truncated_gzip", "huge"}:
        return _big(fault)
    if fault.kind not in _STATUS:
        return None
    headers = [("Content-Type", "text/html; charset=utf-8"), *NO_STORE]
    if fault.kind in {"unavailable", "rate_limited"}:
        headers.append(("Retry-After", "1" if fault.value is None else str(fault.value)))
    return Reply(_STATUS[fault.kind], "<!doctype html><title>Fault</title><h1>A scripted fault</h1>", headers)


def _big(fault: Fault) -> Reply:
    """Return an answer that is too long, once unpacked or at once, or that does not unpack."""
    packed = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    if fault.kind == "truncated_gzip":
        whole = gzip.compress(json.dumps({"access_token": "x" * 500, "token_type": "Bearer"}).encode())
        return Reply(200, whole[: len(whole) // 2], packed)
    size = int(fault.value or (64 if fault.kind == "gzip_bomb" else 10)) * _MEGABYTE
    if fault.kind == "gzip_bomb":
        return Reply(200, gzip.compress(b"\0" * size), packed)
    body = b'{"access_token": "' + b"x" * size + b'", "token_type": "Bearer"}'
    return Reply(200, body, [("Content-Type", "application/json")])


def spoil(reply: Reply, fault: Fault, state: State, wire: WireRequest) -> Reply:
    """Return an answer after the work was done, with members changed, left out, or all of it lost."""
    if fault.kind == "lost_answer":
        return Reply(502, b"", [])
    if not isinstance(reply.body, dict) or "error" in reply.body:
        return reply
    if fault.kind == "omit_expires_in":
        reply.body.pop("expires_in", None)
    elif fault.kind == "omit_refresh_token":
        reply.body.pop("refresh_token", None)
    elif fault.kind == "members":
        reply.body.update(fault.value)
    elif fault.kind == "other_person":
        reply.body["id_token"] = _of_another(state, wire, fault.value)
    return reply


def _of_another(state: State, wire: WireRequest, who: Any) -> str:
    """An id_token of somebody else than the tokens belong to: a provider's bug (security.md T-36)."""
    mine = wire.user.sub if wire.user else ""
    other = next(user for user in state.users.all() if user.sub == who or (who is None and user.sub != mine))
    now = int(state.clock())
    claims = {
        "iss": state.issuer,
        "aud": [wire.client.client_id],
        "sub": other.sub,
        "preferred_username": other.sub,
        "iat": now,
        "exp": now + 3600,
    }
    return jwt.encode({"alg": "RS256", "kid": state.key.kid}, claims, state.key.private, ["RS256"])


async def deliver(response: Response, fault: Fault | None, request: Request) -> Response:
    """Return the response in the way the fault sends it: late, byte by byte, cut, or never."""
    if fault is None or fault.kind not in {"delay", "drip", "cut", "never"}:
        return response
    if fault.kind == "delay":
        await asyncio.sleep(fault.value)
        return response
    if fault.kind == "never":
        while (await request.receive())["type"] != "http.disconnect":
            pass
        return response
    if fault.kind == "cut":
        return CutResponse(response)
    headers = dict(response.headers)
    return StreamingResponse(
        _dripping(bytes(response.body), 1.0 if fault.value is None else float(fault.value)),
        response.status_code,
        headers,
    )


async def _dripping(body: bytes, pause: float) -> AsyncIterator[bytes]:
    for number in range(len(body)):
        yield body[number : number + 1]
        await asyncio.sleep(pause)


class CutResponse(Response):
    """Sends half of another response's body, then resets the connection."""

    def __init__(self, whole: Response) -> None:
        """Take the response to cut."""
        super().__init__()
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half, and leave: with RST where the server's connection is known, else by an OSError."""
        body = bytes(self._whole.body)
        await send(
            {"type": "http.response.start", "status": self._whole.status_code, "headers": self._whole.raw_headers}
        )
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        transport = CONNECTIONS.get(tuple(scope.get("client") or ("", 0)))
        if transport is None:
            raise ConnectionResetError("a scripted fault cut the answer")
        await asyncio.sleep(0.01)  # what was sent should arrive before the reset
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
