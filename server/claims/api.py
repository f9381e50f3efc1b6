"""POST /tokens: a tool brings a token of its own making, for a person to claim (connect-api.md 1.8)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.accounts.throttle import Throttle
from server.claims.claims import Claims
from server.claims.wire import LONGEST_KEY, TokenReply, TokenRequest, public_key
from server.sessions.signatures import TOKEN
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import BAD_REQUEST, ApiError
from server.web.routes import Routes, json_reply

MISSING_ATTRIBUTES = 86
# Tokens that one address may bring at once; then they are slowed down, for all who share it.
FREE, LONGEST_WAIT = 60, 4.0
CLAIM_PAGE = "/connect/#/claim/"


class TokensApi:
    """One route, open to everybody: it gives nothing until a person has claimed the token."""

    def __init__(self, claims: Claims, origin: str) -> None:
        self._claims, self._origin = claims, origin
        self._beginning = Throttle(free=FREE, longest=LONGEST_WAIT)

    async def begin(self, request: Request, _caller: Caller) -> Response:
        """Bring a token and a public key; a person claims them at the address in the reply."""
        given = Fields(await read_object(request))
        token, key = given.text("token"), public_key(given.text("public_key", limit=LONGEST_KEY))
        if TOKEN.fullmatch(token) is None:
            raise ApiError(400, MISSING_ATTRIBUTES, "token must be T and 32 hexadecimal digits.")
        if key is None:
            raise ApiError(
                400, MISSING_ATTRIBUTES, "public_key must be an RSA key of 2048 to 4096 bits: base64 of its DER form."
            )
        address = request.client.host if request.client else ""
        wait = self._beginning.wait(address)
        if wait > 0:
            raise ApiError(429, BAD_REQUEST, "Too many tokens from this address; try again shortly.", retry=wait)
        self._beginning.failed(address)
        agent = request.headers.get("user-agent", "")
        secret = await self._claims.begin(token, key, agent=agent, address=address)
        shown: TokenReply = {"token_claim_url": f"{self._origin}{CLAIM_PAGE}{secret}"}
        return json_reply(shown)

    def routes(self) -> Routes:
        """The declared route."""
        routes = Routes()
        refuses = "public_key must be the base64 of an RSA key in DER form, of 2048 to 4096 bits (code 86)."
        says = Says(reply=TokenReply, body=TokenRequest, fails=(409, 429, 503), refuses=refuses)
        routes.post("/tokens", role=None, says=says)(self.begin)
        return routes
