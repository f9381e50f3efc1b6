"""The caller: who sends a request and by what credential, as every later step sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["viewer", "publisher", "administrator"]
RANK: dict[str, int] = {"viewer": 1, "publisher": 2, "administrator": 3}


@dataclass(frozen=True)
class Caller:
    """A person, by session or key, or nobody.

    `via` is `session` (cookie), `key` (a person's API key, or a tool that she signed in), `content` (a running
    instance's own key, which speaks for the content's owner but only where a route says so), `visitor` (a
    short-lived key with which the app `content_guid` acts for its viewer), `link` (nobody in particular, who came by
    a share link of `content_guid`) or `anonymous`.
    `credential` names the session, key or tool (`tool:`, `claim:`), never its value. `groups` are the GUIDs of the
    groups she is in, `group_names` what they are called, by name.
    """

    user_id: int = 0
    guid: str = ""
    username: str = ""
    name: str = ""
    email: str = ""
    role: str = ""
    via: Literal["session", "key", "content", "visitor", "link", "anonymous"] = "anonymous"
    credential: str = ""
    content_guid: str | None = None
    groups: frozenset[str] = frozenset()
    group_names: tuple[str, ...] = ()

    @property
    def signed_in(self) -> bool:
        """Whether this is a person."""
        return self.user_id != 0

    def has(self, role: str) -> bool:
        """Whether the caller's role is `role` or higher."""
        return RANK.get(self.role, 0) >= RANK[role]


ANONYMOUS = Caller()


@dataclass(frozen=True)
class BadCredential:
    """A credential was sent and is not valid: never treated as anonymous (connect-api.md 0.17)."""

    code: int
    message: str
    status: int = 401
    # The value of WWW-Authenticate, where the scheme that was tried has one (RFC 6750 section 3).
    challenge: str | None = None
