"""Carries a secret that was just made over a redirect to the one page that shows it, sealed and for a minute."""

from __future__ import annotations

import base64
import binascii
import json

from starlette.requests import Request

from server.keys.keyring import Keyring, SealBroken
from server.sessions.cookies import read_cookie, set_cookie
from server.web.caller import Caller

COOKIE, LIFE = "tabard_fresh", 60


class Fresh:
    """A cookie for the pages below one path. It is sealed, so that the browser's cookie store holds no secret."""

    def __init__(self, keyring: Keyring, purpose: str, *, secure: bool) -> None:
        self._keyring, self._purpose, self._secure = keyring, purpose, secure

    def put(self, caller: Caller, name: str, value: str, path: str) -> str:
        """The Set-Cookie value that carries a secret and what it is called."""
        sealed = self._keyring.ticket(json.dumps([name, value]), purpose=self._purpose, bound_to=caller.credential)
        return self._cookie(base64.urlsafe_b64encode(sealed).decode(), LIFE, path)

    def read(self, request: Request, caller: Caller) -> tuple[str, str]:
        """Name and secret, or two empty texts."""
        sent = read_cookie(request.scope["headers"], COOKIE)
        if not sent:
            return "", ""
        try:
            sealed = base64.urlsafe_b64decode(sent)
            name, value = json.loads(
                self._keyring.from_ticket(sealed, purpose=self._purpose, bound_to=caller.credential)
            )
        except (SealBroken, binascii.Error, ValueError):
            return "", ""
        return name, value

    def clear(self, path: str) -> str:
        """The Set-Cookie value after which it is shown no more."""
        return self._cookie("", 0, path)

    def _cookie(self, value: str, life: int, path: str) -> str:
        return set_cookie(COOKIE, value, secure=self._secure, max_age=life, path=path)
