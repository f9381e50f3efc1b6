"""GitHub: errors with status 200, form answers, commas, both old tokens dying at a refresh, its own revocation."""

import base64
import json
from typing import Any, ClassVar
from urllib.parse import unquote_plus, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jwt import JWTClaimsRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox import faults
from integrations.sandbox.behaviour import Behaviour, Paths
from integrations.sandbox.clients import Client
from integrations.sandbox.ledger import Entry
from integrations.sandbox.settings import Fault, UserSettings
from integrations.sandbox.tokens import Token, digest, new_secret
from integrations.sandbox.wire import Reply, WireRequest

CODES = {"invalid_client": "incorrect_client_credentials", "invalid_scope": "invalid_scope"}
INSTALLATION_LIFETIME = 3600
LONGEST_JWT = 600


class GitHub(Behaviour):
    """github.com and api.github.com; a client whose `access_lifetime` is None is a classic OAuth app."""

    key = "github"
    name = "GitHub"
    sends_iss = False
    paths = Paths(
        authorize=("/login/oauth/authorize",),
        token=("/login/oauth/access_token",),
        revoke=(),
        introspect=(),
        userinfo=("/user",),
        jwks=(),
        metadata=(),
    )
    client: ClassVar = {
        "scopes": ("*",),
        "auth_methods": ("client_secret_post",),
        "access_lifetime": 28_800,
        "refresh_lifetime": 15_811_200,
        "refresh_prefix": "ghr_",
        "old_access_dies": True,
        "require_pkce": False,
        "app_id": "3940",
    }

    def routes(self) -> list[Route]:
        """Checking and deleting tokens and grants, and installation tokens."""
        return [
            Route("/applications/{client_id}/token", self.check_token, methods=["POST"]),
            Route("/applications/{client_id}/token", self.delete, methods=["DELETE"]),
            Route("/applications/{client_id}/grant", self.delete, methods=["DELETE"]),
            Route("/app/installations/{installation}/access_tokens", self.installation, methods=["POST"]),
        ]

    def made(self, wire: WireRequest, user: UserSettings | None, token: dict[str, Any]) -> dict[str, Any]:
        """Tokens as GitHub prefixes them."""
        token["access_token"] = new_secret("gho_" if wire.client.settings.access_lifetime is None else "ghu_")
        return token

    def finish(self, wire: WireRequest, body: dict[str, Any]) -> None:
        """Scopes with commas; a GitHub App's tokens have none. The lifetime of the refresh token comes along."""
        settings = wire.client.settings
        body["token_type"] = "bearer"  # noqa: S105 - a scheme name
        body["scope"] = "" if settings.access_lifetime else ",".join((body.get("scope") or "").split())
        if "refresh_token" in body and settings.refresh_lifetime:
            body["refresh_token_expires_in"] = settings.refresh_lifetime

    def dress(self, wire: WireRequest, reply: Reply) -> Reply:
        """Errors are members of a 200, in GitHub's own codes; answers are forms unless JSON is asked for."""
        if not isinstance(reply.body, dict):
            return reply
        if error := reply.body.get("error"):
            dead = "bad_refresh_token" if wire.payload.grant_type == "refresh_token" else "bad_verification_code"
            told = dead if error == "invalid_grant" else CODES.get(error, error)
            uri = (
                "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors"
            )
            reply = Reply(200, {**reply.body, "error": told, "error_uri": uri}, [("Cache-Control", "no-store")])
        if "application/json" in wire.headers.get("accept", ""):
            return reply
        headers = [*reply.headers.items(), ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
        kept = [(name, value) for name, value in headers if (name, value) != ("Content-Type", "application/json")]
        return Reply(reply.status, urlencode(reply.body), kept)

    def profile(self, user: UserSettings) -> dict[str, Any]:
        """GET /user."""
        number = int.from_bytes(user.sub.encode()[:4], "big")
        return {"login": user.sub, "id": number, "name": user.name, "email": user.email, "type": "User"}

    async def check_token(self, request: Request) -> Response:
        """Say whose token it is, to the app it belongs to."""
        found = await self._sent(request)
        if isinstance(found, Response):
            return found
        user = self.state.users.get(found.family.sub)
        return JSONResponse({"scopes": found.get_scope().split(), "user": self.profile(user) if user else None})

    async def delete(self, request: Request) -> Response:
        """Delete one token with its refresh token, or the grant: every token of that person at the app."""
        client_id, body = request.path_params["client_id"], await request.body()
        fault = self.state.clients.take_fault(client_id, None, "revocation")
        if fault and (refused := faults.refusal(fault)):
            self._note(client_id, body, f"fault:{fault.kind}")
            return refused.response()
        found = await self._sent(request)
        self._note(client_id, body, "ok" if isinstance(found, Token) else "not_found")
        if isinstance(found, Response):
            return found
        whole = request.url.path.endswith("/grant")
        for family in self.state.store.live(client_id, found.family.sub) if whole else [found.family]:
            family.revoked = True
        return Response(status_code=204)

    async def installation(self, request: Request) -> Response:
        """Give an installation token for a JWT that the app's own key signed (at most ten minutes long)."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        client = self._app(value) if scheme.lower() == "bearer" else None
        fault = self.state.clients.take_fault(client.client_id, "installation") if client else None
        self._note_installation(client, fault)
        if fault and (refused := faults.refusal(fault)):
            return refused.response()
        if client is None:
            return _message(401, "A JSON web token could not be decoded")
        installation = request.path_params["installation"]
        token = new_secret("ghs_")
        family = self.state.store.service(client.client_id, f"installation-{installation}")
        issued = self.state.store.issue(token, "access_token", family, "", INSTALLATION_LIFETIME)
        ends = faults.iso(issued.expires_at or 0)
        return JSONResponse({"token": token, "expires_at": ends, "permissions": {"contents": "read"}}, 201)

    def _note_installation(self, client: Client | None, fault: Fault | None) -> None:
        """Record the request beside those to the token endpoint."""
        outcome = f"fault:{fault.kind}" if fault else ("ok" if client else "invalid_client")
        client_id = client.client_id if client else None
        self.state.ledger.add(Entry(self.state.clock(), "token", "installation", client_id, None, outcome))

    def _app(self, value: str) -> Client | None:
        """The app whose key signed the JWT and whose number or client id it names."""
        for settings in self.state.clients.all():
            if not settings.public_key:
                continue
            try:
                key = RSAKey.import_key(settings.public_key)
                claims = jwt.decode(value, key, ["RS256"]).claims
                JWTClaimsRegistry(now=lambda: int(self.state.clock()), leeway=60).validate(claims)
            except (JoseError, ValueError):
                continue
            short = claims.get("exp", 0) - claims.get("iat", 0) <= LONGEST_JWT + 60
            if short and str(claims.get("iss")) in {settings.app_id, settings.client_id}:
                return self.state.clients.get(settings.client_id)
        return None

    async def _sent(self, request: Request) -> Token | Response:
        """The token in the body, if the app proved itself and it is the app's own; otherwise the refusal."""
        client = self._basic(request)
        if client is None or client.client_id != request.path_params["client_id"]:
            return _message(401, "Bad credentials")
        token = self.state.store.find(_token_in(await request.body()) or "", "access_token")
        if token is None or not token.live or not token.check_client(client):
            return _message(404, "Not Found")
        return token

    def _basic(self, request: Request) -> Client | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            client_id, _, secret = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return None
        client = self.state.clients.get(unquote_plus(client_id))
        return client if scheme == "Basic" and client and client.check_client_secret(unquote_plus(secret)) else None

    def _note(self, client_id: str, body: bytes, outcome: str) -> None:
        token = _token_in(body)
        self.state.ledger.revocation(self.state.clock(), client_id, digest(token)[:16] if token else None, outcome)


def _token_in(body: bytes) -> str | None:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return None
    value = document.get("access_token") if isinstance(document, dict) else None
    return value if isinstance(value, str) else None


def _message(status: int, text: str) -> Response:
    return JSONResponse({"message": text, "documentation_url": "https://docs.github.com/rest"}, status)
