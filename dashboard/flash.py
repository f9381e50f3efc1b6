"""Carries one message over a redirect: a signed cookie that is shown once, to the person it was meant for."""

from __future__ import annotations

import hashlib
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request

from server.keys.keyring import Keyring
from server.pages.views import Flash, FlashKind
from server.sessions.cookies import read_cookie, set_cookie
from server.web.caller import Caller

NAME = "tabard_flash"
# Seconds between the redirect and the page it leads to.
LIFE = 60
LONGEST = 500


class Flashes:
    """Makes, reads and clears the cookie. It is bound to the session, so it says nothing to the next person."""

    def __init__(self, keyring: Keyring, *, secure: bool) -> None:
        self._keyring, self._secure = keyring, secure
        self.cookie = f"__Host-{NAME}" if secure else NAME

    def _signer(self, caller: Caller) -> URLSafeTimedSerializer:
        options = {"digest_method": hashlib.sha256}
        return URLSafeTimedSerializer(
            self._keyring.derived("flash"), salt=f"flash {caller.credential}", signer_kwargs=options
        )

    def put(self, caller: Caller, kind: FlashKind, text: str) -> str:
        """The Set-Cookie value that carries this message."""
        value = self._signer(caller).dumps([kind, text[:LONGEST]])
        return set_cookie(self.cookie, str(value), secure=self._secure, max_age=LIFE)

    def read(self, request: Request, caller: Caller) -> Flash | None:
        """The message a request brings, if it is ours, this person's and recent."""
        value = read_cookie(request.scope["headers"], self.cookie)
        if value is None:
            return None
        try:
            found: Any = self._signer(caller).loads(value, max_age=LIFE)
        except BadData:
            return None
        kind, text = found
        return Flash(kind=kind, text=text)

    def clear(self) -> str:
        """The Set-Cookie value that removes the cookie."""
        return set_cookie(self.cookie, "", secure=self._secure, max_age=0)
