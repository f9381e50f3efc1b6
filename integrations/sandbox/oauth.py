"""Owns the endpoints clients call: token, revocation, introspection, discovery, JWK set and userinfo."""

import asyncio
from typing import Any, Final

from authlib.oauth2.rfc6749.util import extract_basic_authorization
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.bearer import BearerError, bearer_token
from integrations.sandbox.grants import user_claims
from integrations.sandbox.ledger import Entry
from integrations.sandbox.server import SandboxServer
from integrations.sandbox.settings import AUTH_METHODS, GRANT_TYPES, SCOPES, ClientSettings, Fault
from integrations.sandbox.state import State
from integrations.sandbox.tokens import digest
from integrations.sandbox.wire import FormError, Reply, WireRequest, read_form

_STATUS: Final = {"server_error": 500, "unavailable": 503, "rate_limited": 429, "not_json": 200}
_NO_STORE: Final = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]


class OAuthEndpoints:
    """The handlers, sharing one server and one memory."""

    def __init__(self, state: State, server: SandboxServer) -> None:
        """Keep both."""
        self._state = state
        self._server = server

    def routes(self) -> list[Route]:
        """Return where each endpoint lives."""
        return [
            Route("/token", self.token, methods=["POST"]),
            Route("/revoke", self.revoke, methods=["POST"]),
            Route("/introspect", self.introspect, methods=["POST"]),
            Route("/userinfo", self.userinfo, methods=["GET", "POST"]),
            Route("/jwks", self.jwks),
            Route("/.well-known/openid-configuration", self.metadata),
            Route("/.well-known/oauth-authorization-server", self.metadata),
        ]

    async def token(self, request: Request) -> Response:
        """Answer RFC 6749 section 3.2, after the delay and with the fault this client is set to."""
        wire = await self._wire(request)
        if isinstance(wire, Reply):
            return wire.response()
        grant_type, client_id = wire.payload.grant_type, _client_id(wire)
        client = self._state.clients.get(client_id)
        if client and client.settings.token_delay:
            await asyncio.sleep(client.settings.token_delay)
        fault = self._state.clients.take_fault(client_id, grant_type)
        reply = (_refusal(fault) if fault else None) or self._server.create_token_response(wire)
        self._write_down(wire, client_id, reply, f"fault:{fault.kind}" if fault else None)
        return _spoil(reply, fault, client.settings if client else None).response()

    async def revoke(self, request: Request) -> Response:
        """Answer RFC 7009."""
        wire = await self._wire(request)
        if isinstance(wire, Reply):
            return wire.response()
        reply = self._server.create_endpoint_response("revocation", wire)
        entry = Entry(
            time=self._state.clock(),
            endpoint="revocation",
            grant_type=None,
            client_id=_client_id(wire),
            refresh_sha256=_short(wire.payload.data.get("token")),
            outcome=_outcome(reply),
        )
        self._state.ledger.add(entry)
        return reply.response()  # type: ignore[no-any-return]

    async def introspect(self, request: Request) -> Response:
        """Answer RFC 7662."""
        wire = await self._wire(request)
        if isinstance(wire, Reply):
            return wire.response()
        return self._server.create_endpoint_response("introspection", wire).response()  # type: ignore[no-any-return]

    async def userinfo(self, request: Request) -> Response:
        """Answer OpenID Connect Core section 5.3."""
        try:
            token = bearer_token(request, self._state, scope="openid")
        except BearerError as error:
            return error.response()
        user = self._state.users.get(token.family.sub)
        if user is None:
            return BearerError(403, "insufficient_scope", "A service account has no profile.").response()
        return JSONResponse(dict(user_claims(user, token.get_scope())), headers={"Cache-Control": "no-store"})

    async def jwks(self, request: Request) -> Response:
        """Return the public signing key."""
        return JSONResponse(self._state.key.public_set())

    async def metadata(self, request: Request) -> Response:
        """Return RFC 8414 and OpenID Connect Discovery metadata, which fit in one document."""
        return JSONResponse(provider_metadata(self._state.issuer))

    async def _wire(self, request: Request) -> WireRequest | Reply:
        """Return the request for Authlib, or the refusal of a form that is not one."""
        try:
            pairs = await read_form(request)
        except FormError as error:
            return _error(400, "invalid_request", str(error))
        wire = WireRequest(request.method, pairs, request.headers)
        if repeated := wire.payload.repeated:
            return _error(400, "invalid_request", f"Given more than once: {', '.join(sorted(repeated))}.")
        try:
            extract_basic_authorization(request.headers)
        except UnicodeDecodeError:
            return _error(401, "invalid_client", "The Basic credentials are not UTF-8.")
        return wire

    def _write_down(self, wire: WireRequest, client_id: str | None, reply: Reply, fault: str | None) -> None:
        """Record the request for tests that count."""
        body = reply.body if isinstance(reply.body, dict) else {}
        holder = wire.refresh_token.family.sub if wire.refresh_token else getattr(wire.user, "sub", None)
        self._state.ledger.add(
            Entry(
                time=self._state.clock(),
                endpoint="token",
                grant_type=wire.payload.grant_type,
                client_id=client_id,
                refresh_sha256=_short(wire.payload.data.get("refresh_token")),
                outcome=fault or _outcome(reply),
                sub=holder,
                issued_refresh_sha256=_short(body.get("refresh_token")),
            )
        )


def provider_metadata(issuer: str) -> dict[str, Any]:
    """Return the discovery document of `issuer` (RFC 8414 section 2, OpenID Connect Discovery section 3)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "name", "preferred_username", "email", "email_verified"],
    }


def _client_id(wire: WireRequest) -> str | None:
    """Return which client the request says it is, proven or not."""
    basic, _ = extract_basic_authorization(wire.headers)
    claimed: str | None = basic or wire.payload.client_id
    return claimed


def _refusal(fault: Fault) -> Reply | None:
    """Return the answer of a fault that strikes before any work, or None for the other kinds."""
    if fault.kind in {"invalid_grant", "invalid_client"}:
        return _error(401 if fault.kind == "invalid_client" else 400, fault.kind, "A scripted fault of the sandbox.")
    if fault.kind not in _STATUS:
        return None
    headers = [("Content-Type", "text/html; charset=utf-8"), *_NO_STORE]
    if fault.kind in {"unavailable", "rate_limited"}:
        headers.append(("Retry-After", "1"))
    return Reply(_STATUS[fault.kind], "<!doctype html><title>Fault</title><h1>A scripted fault</h1>", headers)


def _spoil(reply: Reply, fault: Fault | None, settings: ClientSettings | None) -> Reply:
    """Return the answer as the client's settings want it told."""
    if fault and fault.kind == "lost_answer":
        return Reply(502, b"", [])
    if isinstance(reply.body, dict):
        if (fault and fault.kind == "omit_expires_in") or (settings and settings.omit_expires_in):
            reply.body.pop("expires_in", None)
        if fault and fault.kind == "omit_refresh_token":
            reply.body.pop("refresh_token", None)
    return reply


def _error(status: int, error: str, description: str) -> Reply:
    """Return an OAuth error answer (RFC 6749 section 5.2)."""
    return Reply(status, {"error": error, "error_description": description}, list(_NO_STORE))


def _outcome(reply: Reply) -> str:
    """Return "ok" or the OAuth error code."""
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    return str(error) if error else "ok"


def _short(secret: str | None) -> str | None:
    """Return enough of a SHA-256 to tell tokens apart."""
    return digest(secret)[:16] if secret else None
