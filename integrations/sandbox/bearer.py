"""Owns the check of a bearer token at the protected resources (RFC 6750)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations.sandbox.state import State
from integrations.sandbox.tokens import Token


class BearerError(Exception):
    """A request without a usable token; `error` is None when none was sent at all (RFC 6750 section 3.1)."""

    def __init__(self, status: int, error: str | None, description: str) -> None:
        """Keep what the answer needs."""
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description

    def response(self) -> Response:
        """Return the answer with its WWW-Authenticate header."""
        challenge = 'Bearer realm="sandbox"'
        if self.error:
            challenge += f', error="{self.error}", error_description="{self.description}"'
        body = {"error": self.error or "missing_token", "error_description": self.description}
        return JSONResponse(body, self.status, {"WWW-Authenticate": challenge, "Cache-Control": "no-store"})


def bearer_token(request: Request, state: State, *, scope: str | None = None) -> Token:
    """Return the request's live access token; raise BearerError when there is none or it lacks `scope`."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise BearerError(401, None, "Send Authorization: Bearer and an access token.")
    token = state.store.find(value.strip(), "access_token")
    if token is None:
        raise BearerError(401, "invalid_token", "The access token is not known here.")
    if token.is_revoked():
        raise BearerError(401, "invalid_token", "The access token was revoked.")
    if token.is_expired():
        raise BearerError(401, "invalid_token", "The access token has expired.")
    if token.early and token.get_expires_in() < token.early:
        raise BearerError(401, "invalid_token", "The access token expires too soon to be used.")
    if scope and scope not in token.get_scope().split():
        raise BearerError(403, "insufficient_scope", f"The access token lacks the scope {scope}.")
    return token
