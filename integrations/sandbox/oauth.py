"""Owns the endpoints clients call: token, revocation, introspection, discovery, JWK set and userinfo."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from email.utils import formatdate
from typing import Any

from authlib.oauth2.rfc6749.util import extract_basic_authorization
from joserfc import jws
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox import faults
from integrations.sandbox.assertions import ALGORITHMS
from integrations.sandbox.bearer import BearerError, bearer_token
from integrations.sandbox.behaviour import Behaviour, filled
from integrations.sandbox.clients import Client
from integrations.sandbox.grants import user_claims
from integrations.sandbox.ledger import Entry
from integrations.sandbox.server import SandboxServer
from integrations.sandbox.settings import AUTH_METHODS, GRANT_TYPES, SCOPES, Fault
from integrations.sandbox.state import State
from integrations.sandbox.tokens import digest
from integrations.sandbox.wire import FormError, Reply, WireRequest, read_form


class OAuthEndpoints:
    """The handlers, sharing one server and one memory."""

    def __init__(self, state: State, server: SandboxServer) -> None:
        """Keep both."""
        self._state = state
        self._server = server

    def routes(self) -> list[Route]:
        """Return where each endpoint lives."""
        paths = self._server.behaviour.paths

        def at(where: Iterable[str], handler: Any, *methods: str) -> list[Route]:
            return [Route(path, handler, methods=list(methods)) for path in where]

        return [
            *at(paths.token, self.token, "POST"),
            *at(paths.revoke, self.revoke, "POST"),
            *at(paths.introspect, self.introspect, "POST"),
            *at(paths.userinfo, self.userinfo, "GET", "POST"),
            *at(paths.jwks, self.jwks, "GET"),
            *at(paths.metadata, self.metadata, "GET"),
        ]

    async def token(self, request: Request) -> Response:
        """Answer RFC 6749 section 3.2, after the delay and with the fault this client is set to."""
        wire = await self._wire(request)
        if isinstance(wire, Reply):
            return wire.response()
        wire.given = request.path_params
        grant_type, client_id = wire.payload.grant_type, _client_id(wire)
        client = self._state.clients.get(client_id)
        if client and client.settings.token_delay:
            await asyncio.sleep(client.settings.token_delay)
        fault = self._state.clients.take_fault(client_id, grant_type)
        reply = (faults.refusal(fault) if fault else None) or self._granted(wire, fault)
        self._write_down(wire, client_id, reply, fault)
        reply = self._server.behaviour.dress(wire, reply)
        if fault:
            reply = faults.spoil(reply, fault, self._state, wire)
        if client and client.settings.omit_expires_in and isinstance(reply.body, dict):
            reply.body.pop("expires_in", None)
        return await faults.deliver(self._dated(reply.response(), client), fault, request)

    def _granted(self, wire: WireRequest, fault: Fault | None) -> Reply:
        """Do the work, unless the fault keeps even that from happening."""
        if fault and fault.kind == "never":
            return faults.oauth_error(503, "temporarily_unavailable", "This is never sent.")
        if refused := self._server.behaviour.before(wire):
            return refused
        reply: Reply = self._server.create_token_response(wire)
        if isinstance(reply.body, dict) and "error" not in reply.body:
            self._server.behaviour.finish(wire, reply.body)
        return reply

    def _dated(self, response: Response, client: Client | None) -> Response:
        """Say what time it is here, as the client's settings want it."""
        skew = client.settings.date_skew if client else 0.0
        response.headers["Date"] = formatdate(self._state.clock() + skew, usegmt=True)
        return response

    async def revoke(self, request: Request) -> Response:
        """Answer RFC 7009."""
        wire = await self._wire(request)
        if isinstance(wire, Reply):
            return wire.response()
        client_id = _client_id(wire)
        fault = self._state.clients.take_fault(client_id, None, "revocation")
        refused = faults.refusal(fault) if fault else None
        reply = refused or self._revoked(wire)
        outcome = f"fault:{fault.kind}" if fault else _outcome(reply)
        self._state.ledger.revocation(self._state.clock(), client_id, _short(wire.payload.data.get("token")), outcome)
        return await faults.deliver(reply.response(), fault, request)

    def _revoked(self, wire: WireRequest) -> Reply:
        """Take a token back; where the vendor asks for no client, having the token is enough."""
        behaviour = self._server.behaviour
        if behaviour.needs_client_to_revoke:
            return self._server.create_endpoint_response("revocation", wire)  # type: ignore[no-any-return]
        token = self._state.store.find(wire.payload.data.get("token") or "")
        if token is None or token.is_revoked():
            return faults.oauth_error(400, "invalid_token", "Token expired or revoked")
        behaviour.revoked(token)
        return Reply(200, {}, [])

    async def introspect(self, request: Request) -> Response:
        """Answer RFC 7662."""
        wire = await self._wire(request)
        if isinstance(wire, Reply):
            return wire.response()
        return self._server.create_endpoint_response("introspection", wire).response()  # type: ignore[no-any-return]

    async def userinfo(self, request: Request) -> Response:
        """Answer OpenID Connect Core section 5.3."""
        try:
            token = bearer_token(request, self._state, scope=None if self._server.behaviour.key else "openid")
        except BearerError as error:
            return error.response()
        user = self._state.users.get(token.family.sub)
        if user is None:
            return BearerError(403, "insufficient_scope", "A service account has no profile.").response()
        if (own := self._server.behaviour.profile(user)) is not None:
            return JSONResponse(own, headers={"Cache-Control": "no-store"})
        return JSONResponse(dict(user_claims(user, token.get_scope())), headers={"Cache-Control": "no-store"})

    async def jwks(self, request: Request) -> Response:
        """Return the public signing key."""
        return JSONResponse(self._state.key.public_set())

    async def metadata(self, request: Request) -> Response:
        """Return RFC 8414 and OpenID Connect Discovery metadata, which fit in one document."""
        behaviour, given = self._server.behaviour, request.path_params
        document = provider_metadata(self._state.root, type(behaviour), given)
        return JSONResponse({**document, **behaviour.metadata(given), **self._state.discovery})

    async def _wire(self, request: Request) -> WireRequest | Reply:
        """Return the request for Authlib, or the refusal of a form that is not one."""
        try:
            pairs = await read_form(request)
        except FormError as error:
            return faults.oauth_error(400, "invalid_request", str(error))
        wire = WireRequest(request.method, pairs, request.headers)
        if repeated := wire.payload.repeated:
            return faults.oauth_error(400, "invalid_request", f"Given more than once: {', '.join(sorted(repeated))}.")
        try:
            extract_basic_authorization(request.headers)
        except UnicodeDecodeError:
            return faults.oauth_error(401, "invalid_client", "The Basic credentials are not UTF-8.")
        return wire

    def _write_down(self, wire: WireRequest, client_id: str | None, reply: Reply, fault: Fault | None) -> None:
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
                outcome=f"fault:{fault.kind}" if fault else _outcome(reply),
                sub=holder,
                issued_refresh_sha256=_short(body.get("refresh_token")),
                delivered=fault is None or fault.kind not in faults.UNDELIVERED,
            )
        )


def provider_metadata(
    root: str, behaviour: type[Behaviour] = Behaviour, given: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the discovery document of a vendor at `root` (RFC 8414 section 2, OpenID Connect Discovery section 3).

    `given` fills what stands in braces in a path, such as a tenant: of several paths the last that it can fill
    is named.
    """
    places, names = behaviour.paths, {**behaviour.names, **(given or {})}

    def at(where: Sequence[str]) -> str | None:
        fitting = [path for path in where if given or "{" not in path] or list(where)
        return root + filled(fitting[-1], names) if fitting else None

    document = {
        "issuer": root + filled(behaviour.issuer_path, names),
        "authorization_endpoint": at(places.authorize),
        "token_endpoint": at(places.token),
        "revocation_endpoint": at(places.revoke),
        "introspection_endpoint": at(places.introspect),
        "userinfo_endpoint": at(places.userinfo),
        "jwks_uri": at(places.jwks),
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [grant for grant in GRANT_TYPES if grant != "password"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": behaviour.sends_iss,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "name", "preferred_username", "email", "email_verified"],
    }
    return {name: value for name, value in document.items() if value is not None}


def _client_id(wire: WireRequest) -> str | None:
    """Return which client the request says it is, proven or not."""
    basic, _ = extract_basic_authorization(wire.headers)
    claimed: str | None = basic or wire.payload.client_id
    return claimed or _asserted(wire.payload.data.get("client_assertion"))


def _asserted(assertion: str | None) -> str | None:
    """Return whom a client assertion says it is from, unchecked."""
    try:
        claims = json.loads(jws.extract_compact((assertion or "").encode()).payload)
    except (JoseError, ValueError):
        return None
    return str(claims.get("sub")) if isinstance(claims, dict) else None


def _outcome(reply: Reply) -> str:
    """Return "ok" or the OAuth error code."""
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    return str(error) if error else "ok"


def _short(secret: str | None) -> str | None:
    """Return enough of a SHA-256 to tell tokens apart."""
    return digest(secret)[:16] if secret else None
