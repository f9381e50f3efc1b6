"""Owns the people who can sign in at the provider, and who is signed in with which browser."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from integrations.sandbox.settings import UserSettings

SESSION_COOKIE: Final = "sandbox_session"
MAX_SESSIONS: Final = 10_000


@dataclass(frozen=True)
class BrowserSession:
    """One browser in which `sub` is signed in; `form_key` proves that a form came from our own page.

    `request` is the query of the authorization request that the sign-in was for.
    """

    sub: str
    request: str = ""
    form_key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


class UserDirectory:
    """The people by user name."""

    def __init__(self, users: tuple[UserSettings, ...]) -> None:
        """Take the people from settings."""
        self._users = {user.sub: user for user in users}

    def get(self, sub: str | None) -> UserSettings | None:
        """Return the person, or None."""
        return self._users.get(sub) if sub else None

    def all(self) -> list[UserSettings]:
        """Return everybody, in the order of the settings."""
        return list(self._users.values())

    def put(self, user: UserSettings) -> None:
        """Replace a person."""
        self._users[user.sub] = user

    def check(self, sub: str, password: str) -> UserSettings | None:
        """Return the person when the name (or login name) and the password fit, else None."""
        wanted = sub.strip().lower()
        user = self._users.get(wanted) or next((one for one in self.all() if one.login.lower() == wanted), None)
        expected = user.password if user else secrets.token_hex(8)
        fits = secrets.compare_digest(expected.encode(), password.encode())
        return user if fits else None


class BrowserSessions:
    """Who is signed in, by cookie value; the oldest sessions go first when there are too many."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._sessions: OrderedDict[str, BrowserSession] = OrderedDict()

    def start(self, sub: str, request: str = "") -> str:
        """Sign `sub` in for `request` and return the new cookie value."""
        value = secrets.token_urlsafe(32)
        self._sessions[value] = BrowserSession(sub, request)
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return value

    def get(self, value: str | None) -> BrowserSession | None:
        """Return the session of a cookie value, or None."""
        return self._sessions.get(value) if value else None

    def use_up(self, value: str | None) -> None:
        """Forget which request the sign-in was for, now that it has been answered."""
        if value and (session := self._sessions.get(value)):
            self._sessions[value] = replace(session, request="")

    def end(self, value: str | None) -> None:
        """Forget the session, if there is one."""
        if value:
            self._sessions.pop(value, None)
