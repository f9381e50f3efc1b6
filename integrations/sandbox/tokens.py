"""Owns codes and tokens: what was issued to whom, until when, and which family a token belongs to."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, TokenMixin

from integrations.sandbox.clients import Client

CODE_LIFETIME: Final = 600
SWEEP_EVERY: Final = 1_000


def digest(secret: str) -> str:
    """Return the hex SHA-256 under which a code or token is kept; the value itself is not."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass
class Family:
    """All tokens that one consent led to; `sub` is None for a service account, `role` that of a warehouse."""

    client_id: str
    sub: str | None
    revoked: bool = False
    role: str | None = None


@dataclass
class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """An authorization code, bound to client, address and PKCE challenge; using it sets `family`."""

    key: str
    client_id: str
    redirect_uri: str | None
    scope: str
    sub: str
    issued_at: float
    code_challenge: str | None
    code_challenge_method: str | None
    nonce: str | None
    family: Family | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    role: str | None = None

    def get_redirect_uri(self) -> str | None:
        """Return the address given at the authorization endpoint, if one was."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return what the person agreed to."""
        return self.scope

    def get_nonce(self) -> str | None:
        """Return the OpenID Connect nonce of the request."""
        return self.nonce

    def get_auth_time(self) -> int:
        """Return when the person agreed, in Unix seconds."""
        return int(self.issued_at)

    def get_acr(self) -> None:
        """Claim no authentication class."""

    def get_amr(self) -> None:
        """Claim no authentication methods."""


@dataclass
class Token(TokenMixin):  # type: ignore[misc]
    """An access or refresh token; `spent` marks a refresh token that rotation has replaced.

    With less than `early` seconds left it opens nothing any more.
    """

    key: str
    kind: str
    family: Family
    scope: str
    issued_at: float
    expires_at: float | None
    clock: Callable[[], float]
    revoked: bool = False
    spent: bool = False
    spent_at: float = 0.0
    early: int = 0

    def check_client(self, client: Client) -> bool:
        """Say whether the token was issued to `client`."""
        return self.family.client_id == client.client_id

    def get_scope(self) -> str:
        """Return the granted scopes."""
        return self.scope

    def get_expires_in(self) -> int:
        """Return the seconds left, 0 when it is over or has no end."""
        return 0 if self.expires_at is None else max(0, round(self.expires_at - self.clock()))

    def is_expired(self) -> bool:
        """Say whether its time is over."""
        return self.expires_at is not None and self.clock() >= self.expires_at

    def is_revoked(self) -> bool:
        """Say whether it, or the whole family, was taken back or replaced."""
        return self.revoked or self.spent or self.family.revoked

    def in_grace(self, seconds: float) -> bool:
        """Say whether a replaced refresh token was replaced less than `seconds` ago."""
        return self.spent and self.clock() < self.spent_at + seconds

    @property
    def live(self) -> bool:
        """Say whether the token still opens anything."""
        return not (self.is_expired() or self.is_revoked())


class TokenStore:
    """Every code and token in memory. Methods never wait, so one event loop needs no lock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Use `clock` (Unix seconds) for every lifetime."""
        self.clock = clock
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, Token] = {}
        self._families: list[Family] = []
        self._until_sweep = SWEEP_EVERY

    def add_code(self, code: Code) -> None:
        """Keep a code."""
        self._codes[code.key] = code
        self._sweep()

    def code(self, value: str) -> Code | None:
        """Return the code of that value if it has not run out; it may have been used."""
        found = self._codes.get(digest(value))
        return found if found and self.clock() < found.issued_at + CODE_LIFETIME else None

    def issue(self, value: str, kind: str, family: Family, scope: str, lifetime: int | None) -> Token:
        """Record a token of that value and return it; `lifetime` is in seconds, None for no end."""
        now = self.clock()
        expires_at = None if lifetime is None else now + lifetime
        token = Token(digest(value), kind, family, scope, now, expires_at, self.clock)
        self._tokens[token.key] = token
        self._sweep()
        return token

    def begin(self, family: Family, most: int | None) -> list[Family]:
        """Note a new consent; return the oldest live ones of that person beyond `most`, now revoked."""
        self._families.append(family)
        if most is None:
            return []
        ended = self.live(family.client_id, family.sub)[:-most]
        for old in ended:
            old.revoked = True
        return ended

    def service(self, client_id: str, name: str) -> Family:
        """Return a family that belongs to nobody but what `name` stands for, such as an app's installation."""
        return Family(client_id, None, role=name)

    def live(self, client_id: str, sub: str | None) -> list[Family]:
        """Return the consents of one person (None: a service account) that were not taken back, oldest first."""
        return [one for one in self._families if (one.client_id, one.sub, one.revoked) == (client_id, sub, False)]

    def revoke_access(self, family: Family) -> None:
        """Take back every access token of one consent, and leave its refresh token."""
        for token in self._tokens.values():
            if token.family is family and token.kind == "access_token":
                token.revoked = True

    def find(self, value: str, kind: str | None = None) -> Token | None:
        """Return the token of that value, whatever its state; `kind` narrows the search."""
        token = self._tokens.get(digest(value))
        return token if token and kind in {None, token.kind} else None

    def revoke_where(self, client_id: str | None, sub: str | None) -> int:
        """Take back every family of that client and person (None: any); return how many there were."""
        chosen = {
            id(token.family): token.family
            for token in self._tokens.values()
            if not token.family.revoked
            and client_id in {None, token.family.client_id}
            and sub in {None, token.family.sub}
        }
        for family in chosen.values():
            family.revoked = True
        return len(chosen)

    def _sweep(self) -> None:
        """Now and then drop what ran out; spent refresh tokens stay, or reuse could not be noticed."""
        self._until_sweep -= 1
        if self._until_sweep > 0:
            return
        self._until_sweep = SWEEP_EVERY
        now = self.clock()
        self._codes = {k: c for k, c in self._codes.items() if now < c.issued_at + CODE_LIFETIME}
        self._tokens = {k: t for k, t in self._tokens.items() if not t.is_expired()}
        self._families = [family for family in self._families if not family.revoked]


def new_secret(prefix: str) -> str:
    """Return an unguessable value that begins with `prefix`."""
    return prefix + secrets.token_urlsafe(32)
