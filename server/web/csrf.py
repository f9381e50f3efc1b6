"""Cross-site request forgery: what a cookie-authenticated unsafe request must show (security.md G-23)."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from server.keys.keyring import Keyring
from server.web.caller import Caller
from server.web.errors import XSRF, ApiError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER = "x-tabard-csrf"


class Csrf:
    """Makes and checks the token of a session. Requests with an API key need none."""

    def __init__(self, keyring: Keyring, origins: tuple[str, ...]) -> None:
        self._keyring = keyring
        self._origins = frozenset(origins)

    def token(self, binding: str) -> str:
        """The token for pages of one session (or of one browser before sign-in)."""
        return self._keyring.mac("csrf", binding)

    def same_origin(self, request: Request) -> bool:
        """Whether the browser says the request comes from our own pages."""
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None and site != "same-origin":
            return False
        if origin is not None:
            return origin in self._origins
        return site == "same-origin"

    def check(self, request: Request, binding: str, sent: str | None) -> None:
        """Raises ApiError 403 unless the request is same-origin and carries the token of `binding`."""
        expected = self.token(binding)
        if not self.same_origin(request) or sent is None or not hmac.compare_digest(sent.encode(), expected.encode()):
            raise ApiError(
                403,
                XSRF,
                "The request did not come from this site's own page; reload the page and try again.",
            )

    def check_api(self, request: Request, caller: Caller) -> None:
        """For API calls: only a cookie-authenticated, unsafe request is examined (G-23, G-32)."""
        if caller.via == "session" and request.method not in SAFE_METHODS:
            self.check(request, caller.credential, request.headers.get(HEADER))
