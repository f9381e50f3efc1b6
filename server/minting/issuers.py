"""The addresses of issuers that anybody may read: discovery, JWK set and public keys (OpenID Discovery, RFC 8414)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from server.db.models import Integration, SigningKey
from server.minting.keys import ALGORITHM, SigningKeys, bare, public_jwk
from server.minting.store import ACTIVE
from server.minting.terms import PREFIX, TEMPLATE, issuer_of, terms_of
from server.oauth.integrations import Integrations
from server.web.errors import ApiError, not_found, reply

# A new key is published long before it is used, so readers may keep the set for a few minutes.
KEPT: Final = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
METADATA: Final = "/.well-known/oauth-authorization-server"


def signs(row: Integration) -> bool:
    """Whether this server signs tokens for the integration: external OAuth, and AWS for content itself."""
    return row.template == TEMPLATE or (row.template == "aws" and row.auth_type == "Service Account")


def _answering(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Machines read these addresses: what is not there is said as JSON, never as a page or a way to sign in."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ApiError as error:
            return reply(error)

    return answer


class Issuers:
    """Serves what a warehouse or cloud needs to verify tokens; nothing here is secret."""

    def __init__(self, integrations: Integrations, keys: SigningKeys, *, origin: str, exchange_path: str) -> None:
        self._integrations, self._keys = integrations, keys
        self._origin, self._exchange_path = origin, exchange_path

    def routes(self) -> list[Route]:
        """The addresses below `/__oauth__/issuers`, and the one that RFC 8414 section 3.1 makes of an issuer's path."""
        here = PREFIX + "/{guid}"
        return [
            Route(f"{here}/.well-known/openid-configuration", _answering(self.discovery)),
            Route(f"{here}{METADATA}", _answering(self.discovery)),
            Route(f"{METADATA}{here}", _answering(self.discovery)),
            Route(f"{here}/jwks.json", _answering(self.jwks)),
            Route(f"{here}/public-key.pem", _answering(self.active_pem)),
            Route(f"{here}/keys/{{kid}}.pem", _answering(self.pem)),
            Route(f"{here}/keys/{{kid}}.txt", _answering(self.without_header_lines)),
        ]

    async def discovery(self, request: Request) -> Response:
        """The issuer's metadata."""
        row = await self._row(request)
        issuer = issuer_of(self._origin, row.guid)
        terms = terms_of(row.config, issuer)
        ours = row.template == TEMPLATE
        document: dict[str, Any] = {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks.json",
            "token_endpoint": f"{self._origin}{self._exchange_path}",
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:token-exchange"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "claims_supported": ["iss", "aud", "sub", "iat", "exp", "jti"]
            + ([terms.user_claim, terms.scope_claim] if ours else []),
        }
        return JSONResponse(document, headers=KEPT)

    async def jwks(self, request: Request) -> Response:
        """The JWK set: the key that signs, one that soon will, and those whose tokens still live."""
        return JSONResponse({"keys": [public_jwk(row) for row in await self._published(request)]}, headers=KEPT)

    async def active_pem(self, request: Request) -> Response:
        """The PEM of the key that signs."""
        rows = await self._published(request)
        return self._text(next(row for row in rows if row.state == ACTIVE).public_pem)

    async def pem(self, request: Request) -> Response:
        """The PEM of one key."""
        return self._text((await self._one(request)).public_pem)

    async def without_header_lines(self, request: Request) -> Response:
        """One key as `external_oauth_rsa_public_key` takes it."""
        return self._text(bare((await self._one(request)).public_pem))

    async def _row(self, request: Request) -> Integration:
        try:
            row = await self._integrations.get(str(uuid.UUID(request.path_params["guid"])))
        except (ValueError, ApiError):
            raise not_found("issuer") from None
        if not signs(row):
            raise not_found("issuer")
        return row

    async def _published(self, request: Request) -> list[SigningKey]:
        row = await self._row(request)
        return await self._keys.published(row, bits=terms_of(row.config, "").key_bits)

    async def _one(self, request: Request) -> SigningKey:
        for row in await self._published(request):
            if row.kid == request.path_params["kid"]:
                return row
        raise not_found("signing key")

    def _text(self, text: str) -> Response:
        return PlainTextResponse(text, headers=KEPT)
