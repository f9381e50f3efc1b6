"""The values passed between the server and the OAuth grants: a client's settings, and the tokens it gets."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NoReturn, SupportsIndex

AuthType = Literal["Viewer", "Service Account", "Visitor API Key"]
ClientAuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
ServiceGrant = Literal["client_credentials", "github_app"]
RefreshStyle = Literal["rotate", "static", "none"]
HandedOn = Literal["access_token", "id_token"]
ResponseStyle = Literal["json", "form"]
RevocationStyle = Literal["rfc7009", "github"]

_HIDDEN: Final = "[hidden]"


class Secret:
    """A string that shows itself only to ``reveal()``: not to repr, str, format, pickle, JSON or ``vars``."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The string itself. Call it where the value is sent or sealed, and nowhere else."""
        return self.__text

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN})"

    def __str__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return _HIDDEN

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__text.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash(self.__text)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret cannot be pickled; seal the revealed value instead")


@dataclass(frozen=True, kw_only=True)
class ClientConfig:
    """Everything a grant needs to know about one OAuth client at one authorization server.

    ``first_consent`` holds parameters sent to the authorization endpoint only while we hold no refresh token.
    ``default_lifetime`` (seconds) is used when an answer names none; None means "does not expire".
    ``compares_scopes`` is False where a vendor's granted scopes cannot be compared with the asked ones.
    ``kept_extras`` names members of a token answer the app will need besides the token.
    ``second_secret`` is tried where the first is refused: it bridges a rotation of the secret.
    ``private_key`` (PEM) signs for a client that proves itself by a key; ``key_id`` or ``certificate`` (PEM) say which
    key that is, ``assertion_alg`` with which algorithm (empty: the usual one of the key's kind).
    ``issuer_aliases`` are what the issuer calls itself in id_tokens besides its name; ``issuer_in_response`` says that
    its answers always name it (RFC 9207), so that one that does not is refused.
    ``refresh_style``: "rotate" takes each new refresh token, "static" keeps the first, "none" keeps none.
    ``fixed_lifetime`` (seconds) counts in place of what answers say. ``service_grant`` is how a service account gets
    its token.
    ``role`` is the vendor role this client asks for; its scope is among ``scopes`` already. ``subject_members``
    are where an answer holds the vendor's own id of the account. ``handed_on`` names the member of an answer that is
    kept and used as the access token. ``trade_uri`` is where an administrator lets that be traded for what apps get, if
    not at the vendor's own address.
    """

    template: str
    auth_type: AuthType
    token_uri: str
    client_id: str
    authorization_uri: str | None = None
    issuer: str | None = None
    issuer_aliases: tuple[str, ...] = ()
    issuer_in_response: bool = False
    jwks_uri: str | None = None
    revocation_uri: str | None = None
    revocation_style: RevocationStyle = "rfc7009"
    userinfo_uri: str | None = None
    trade_uri: str | None = None
    client_secret: Secret | None = None
    second_secret: Secret | None = None
    private_key: Secret | None = None
    key_id: str = ""
    certificate: str = ""
    assertion_alg: str = ""
    role: str = ""
    client_auth_method: ClientAuthMethod = "client_secret_basic"
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    use_pkce: bool = True
    extra_authorize: Mapping[str, str] = field(default_factory=dict)
    first_consent: Mapping[str, str] = field(default_factory=dict)
    extra_token: Mapping[str, str] = field(default_factory=dict)
    send_scope_on_refresh: bool = False
    refresh_style: RefreshStyle = "rotate"
    fixed_lifetime: float | None = None
    service_grant: ServiceGrant = "client_credentials"
    send_scope_on_client_credentials: bool = True
    compares_scopes: bool = True
    response_style: ResponseStyle = "json"
    default_lifetime: float | None = 3600.0
    kept_extras: tuple[str, ...] = ()
    subject_members: tuple[str, ...] = ()
    handed_on: HandedOn = "access_token"


@dataclass(frozen=True, kw_only=True)
class TokenSet:
    """One answer of a token endpoint, checked.

    ``expires_in`` is in seconds from the moment the request was sent, None when the token does not expire.
    ``refresh_token`` None means the answer carried none: keep the one you have (RFC 6749 section 6).
    ``scopes`` are those granted; None means "as requested" (RFC 6749 section 5.1).
    ``account`` is a name to show people, unverified: never decide anything by it.
    ``subject`` is the vendor's own lasting id of the account, None when the answer does not tell: the issuer and
    the subject of an id_token, or the template's id member. ``skew`` is how many seconds the provider's clock is
    ahead of ours, from its Date header (whole seconds), None without one. ``used_second`` says that the first
    client secret was refused and the second was taken.
    """

    access_token: Secret
    refresh_token: Secret | None = None
    token_type: str = "Bearer"  # noqa: S105 - a scheme name
    expires_in: float | None = None
    scopes: tuple[str, ...] | None = None
    account: str | None = None
    subject: str | None = None
    id_token: Secret | None = None
    skew: float | None = None
    used_second: bool = False
    extras: Mapping[str, str] = field(default_factory=dict)


def fingerprint(config: ClientConfig) -> str:
    """A SHA-256 (hex) over what identifies the authorization server and our client there.

    Connections made under one fingerprint are unusable under another, so a refresh token can never reach an
    endpoint its viewer did not consent to. The client secret and scopes do not count: rotating the one or
    widening the other is upkeep. Template host and tenant fields count through the endpoints built from them.
    """
    identity = {
        "template": config.template,
        "auth_type": config.auth_type,
        "issuer": config.issuer,
        "authorization_uri": config.authorization_uri,
        "token_uri": config.token_uri,
        "revocation_uri": config.revocation_uri,
        "userinfo_uri": config.userinfo_uri,
        "client_id": config.client_id,
        "client_auth_method": config.client_auth_method,
    }
    if config.trade_uri is not None:  # absent for the many without one, whose connections were made before it counted
        identity["trade_uri"] = config.trade_uri
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


# Scopes that ask for a kind of answer rather than for access; providers often leave them out of `scope`.
_NEVER_LISTED: Final = frozenset({"openid", "profile", "email", "offline_access", "refresh_token"})


def missing_scopes(config: ClientConfig, tokens: TokenSet) -> tuple[str, ...]:
    """The scopes asked for that the provider did not grant, empty when that cannot be known."""
    if tokens.scopes is None or not config.compares_scopes:
        return ()
    return unlisted(config, tokens.scopes)


def unlisted(config: ClientConfig, scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes a client asks for that are not among these, but for those that are never listed."""
    there = set(scopes)
    return tuple(scope for scope in config.scopes if scope not in there and scope not in _NEVER_LISTED)
