"""The first administrator by a signed request: `rsconnect bootstrap` (connect-api.md 1.5)."""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.accounts import store
from server.accounts.wire import BootstrapReply
from server.audit.trail import Trail
from server.db.engine import Database
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import ApiError, not_found
from server.web.routes import Routes, json_reply

PROHIBITED = 165
INVALID_JWT = 166
SCHEME = "connect-bootstrap "
LONGEST_LIFE = 3600


def check_token(header: str, secret: bytes) -> None:
    """Verify the `Connect-Bootstrap` header: HS256, issuer, audience, scope and times. Raises ApiError 401."""
    refusal = ApiError(401, INVALID_JWT, "The bootstrap token is not valid; check that both sides use the same secret.")
    if not header.lower().startswith(SCHEME):
        raise refusal
    registry = jwt.JWTClaimsRegistry(
        leeway=30,
        iss={"essential": True, "value": "rsconnect-python"},
        aud={"essential": True, "value": "rsconnect"},
        scope={"essential": True, "value": "bootstrap"},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        token = jwt.decode(header[len(SCHEME) :].strip(), OctKey.import_key(secret), algorithms=["HS256"])
        registry.validate(token.claims)
        life = int(token.claims["exp"]) - int(token.claims["iat"])
    except (JoseError, ValueError, TypeError):
        raise refusal from None
    if not 0 < life <= LONGEST_LIFE:
        raise refusal


class Bootstrap:
    """Makes the first administrator, once."""

    def __init__(self, db: Database, trail: Trail, secret: bytes | None) -> None:
        self._db, self._trail, self._secret = db, trail, secret

    def _create(self, session: Session) -> str:
        prohibited = ApiError(403, PROHIBITED, "This server already has people; sign in with an administrator's key.")
        if store.any_user(session):
            raise prohibited
        try:
            user = store.add_user(session, username="admin", role="administrator", first_name="Administrator")
        except ApiError:  # another bootstrap was faster by a hair
            raise prohibited from None
        _key, value = store.add_key(session, user, "bootstrap")
        self._trail.record(session, None, "bootstrap", user_guid=user.guid)
        return value

    async def endpoint(self, request: Request, _caller: Caller) -> Response:
        """Make the first administrator, by a signed request; the reply holds her key.

        401 for a token that is not valid, 403 once there are people, 404 where no secret is configured.
        """
        if self._secret is None:
            raise not_found("bootstrap endpoint; set TABARD_BOOTSTRAP_SECRETKEY to enable it. It")
        check_token(request.headers.get("authorization", ""), self._secret)
        value: Any = await self._db.write(self._create)
        return json_reply({"api_key": value})

    def routes(self) -> Routes:
        """Both addresses of the endpoint."""
        routes = Routes()
        for path in ("/v1/bootstrap", "/v1/experimental/bootstrap"):
            says = Says(reply=BootstrapReply, fails=(401, 403, 404), deprecated="experimental" in path)
            routes.add("POST", path, role=None, says=says)(self.endpoint)
        return routes
