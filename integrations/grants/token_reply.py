"""Asking a token endpoint, and reading what it answers: the part that all grants share.

Success is a 200 with an object that holds a bearer token (RFC 6749 section 5.1); an ``error`` member wins
over status 200, as GitHub answers. A token once received is never thrown away for an odd side field.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from integrations.contract import ClientConfig, Secret, TokenSet
from integrations.errors import ClientRejected, Malformed
from integrations.grants.client_auth import Fields, authenticated, with_second
from integrations.grants.rejection import SECRET_REFUSED, raise_for
from integrations.http import OutboundClient, Reply

RENEWABLE_LIFETIME: Final = 3600.0
LONGEST_LIFETIME: Final = 366 * 24 * 3600.0
_LONGEST_NUMBER: Final = 300
_LONGEST_NAME: Final = 200
_LONGEST_SUBJECT: Final = 1000
_NAMES: Final = (
    "preferred_username",
    "username",
    "login",
    "email",
    "upn",
    "userPrincipalName",
    "userName",
    "name",
    "sub",
)


async def request_tokens(client: OutboundClient, config: ClientConfig, fields: Fields) -> TokenSet:
    """POST one grant to the token endpoint. Raises the errors of ``integrations.errors``.

    Where the first client secret is refused, the second is tried: a provider refuses a client before it looks at
    the code or token that came with it (RFC 6749 section 5.2 ``invalid_client``), so nothing is spent by then.
    """
    try:
        return await _request(client, config, fields)
    except ClientRejected as error:
        if error.code not in SECRET_REFUSED or config.second_secret is None:
            raise
    return replace(await _request(client, with_second(config), fields), used_second=True)


async def _request(client: OutboundClient, config: ClientConfig, fields: Fields) -> TokenSet:
    extra = {key: value for key, value in config.extra_token.items() if key not in fields}
    sent, auth = authenticated(config, {**extra, **fields})
    return read_tokens(config, await client.post_form(config.token_uri, sent, auth=auth))


def read_tokens(config: ClientConfig, reply: Reply) -> TokenSet:
    """The tokens in an answer. Raises ConsentEnded, ClientRejected, Passing or Malformed."""
    answer = read_object(reply, form=config.response_style == "form")
    raise_for(reply, answer)
    if answer is None:
        raise Malformed("The provider's answer could not be read: it is neither JSON nor a form.")
    access = readable_token(answer.get("access_token"))
    if access is None:
        raise Malformed("The provider's answer holds no access token.")
    kind = answer.get("token_type")
    if isinstance(kind, str) and kind.lower() != "bearer":
        raise Malformed("The provider's answer holds a kind of token we cannot use; only bearer tokens work.")
    claims = _unverified_claims(answer.get("id_token"))
    identity = readable_token(answer.get("id_token"))
    if config.handed_on == "id_token":
        access = _usable_identity(config, identity, claims)
    return TokenSet(
        access_token=access,
        refresh_token=readable_token(answer.get("refresh_token")) if config.refresh_style != "none" else None,
        # What `expires_in` says is about the access token; an id_token says itself when it ends.
        expires_in=_expires_in(config, answer) if access is not identity else None,
        scopes=granted_scopes(answer.get("scope")),
        account=display_name(claims) or display_name(answer),
        subject=subject_of(claims) or member_subject(answer, config.subject_members),
        id_token=identity,
        skew=skew(reply.headers.get("date")),
        extras=_extras(answer, config.kept_extras),
    )


def _usable_identity(config: ClientConfig, token: Secret | None, claims: Mapping[str, Any]) -> Secret:
    """The id_token where it is what is used, checked as OpenID Connect Core 3.1.3.7 asks of one that came directly.

    Its signature is the business of whom it is sent to. Raises Malformed.
    """
    if token is None:
        raise Malformed(
            "The provider's answer holds no id_token. The scope openid is missing, or the provider gives none.",
            code="no_id_token",
        )
    audiences = claims.get("aud")
    audiences = audiences if isinstance(audiences, list) else [audiences]
    if config.client_id not in audiences or not isinstance(claims.get("exp"), (int, float)):
        raise Malformed("The provider's id_token is not for this client, or says no end.", code="invalid_id_token")
    if config.issuer is not None and claims.get("iss") != config.issuer:
        raise Malformed("The provider's id_token names another issuer.", code="invalid_id_token")
    return token


def read_object(reply: Reply, *, form: bool = False) -> dict[str, Any] | None:
    """The answer's members, or None when it is not an object. Forms are read when declared or expected."""
    declared = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        text = reply.body.decode("utf-8-sig")
        if declared == "application/x-www-form-urlencoded" or (form and "json" not in declared):
            return dict(parse_qsl(text, max_num_fields=100)) or None
        members = json.loads(text, parse_int=_integer)
    except (ValueError, RecursionError):
        return None
    return members if isinstance(members, dict) else None


def _integer(digits: str) -> float | int:
    """An integer of a JSON text; Python refuses very long ones, and they are never meant."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


def _expires_in(config: ClientConfig, answer: Mapping[str, Any]) -> float | None:
    return config.fixed_lifetime or lifetime(answer.get("expires_in"), _default(config, answer))


def _default(config: ClientConfig, answer: Mapping[str, Any]) -> float | None:
    """The lifetime where none is told: a token that can be renewed ends some day, even at a vendor without ends."""
    if config.default_lifetime is None and readable_token(answer.get("refresh_token")) is not None:
        return RENEWABLE_LIFETIME
    return config.default_lifetime


def lifetime(value: object, default: float | None) -> float | None:
    """Seconds a token lives: positive numbers and numeric strings are clamped, anything else is the default.

    Taken at its word, a lifetime of nothing would have every exchange renew, and none find a token to give.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return default
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return default
    return min(seconds, LONGEST_LIFETIME) if seconds > 0 else default


def granted_scopes(value: object) -> tuple[str, ...] | None:
    """The scopes an answer lists, split at spaces or at GitHub's commas; None when it lists none."""
    if isinstance(value, list):
        return tuple(item for item in value if isinstance(item, str) and item) or None
    if not isinstance(value, str):
        return None
    return tuple(part for part in re.split(r"[\s,]+", value) if part) or None


def display_name(members: Mapping[str, Any]) -> str | None:
    """The most telling account name among these claims, cleaned for display; identifiers come last."""
    for key in _NAMES:
        value = members.get(key)
        if isinstance(value, str):
            clean = "".join(character for character in value if character.isprintable()).strip()
            if clean:
                return clean[:_LONGEST_NAME]
    return None


def readable_token(value: object) -> Secret | None:
    """A token that can travel in a header (RFC 6749 appendix A: visible ASCII), or None."""
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        return None
    return Secret(value)


def subject_of(claims: Mapping[str, Any]) -> str | None:
    """The account of an id_token's claims: its issuer and subject with a space between, or None."""
    issuer, subject = claims.get("iss"), claims.get("sub")
    return f"{issuer} {subject}" if _is_id(issuer) and _is_id(subject) else None


def member_subject(members: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """The first of these members that holds an id, as text, or None."""
    for name in names:
        value = members.get(name)
        if _is_id(value):
            return str(value)
    return None


def _is_id(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return False
    return value != "" and len(str(value)) <= _LONGEST_SUBJECT and str(value).isprintable()


def skew(date: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds that a Date header (RFC 9110 6.6.1) is ahead of our clock; None without a readable one."""
    try:
        moment = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - (now or datetime.now(UTC))).total_seconds()


def _unverified_claims(token: object) -> dict[str, Any]:
    if not isinstance(token, str) or token.count(".") != 2:
        return {}
    payload = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _extras(answer: Mapping[str, Any], kept: tuple[str, ...]) -> dict[str, str]:
    """The members a template keeps; those that are addresses must be plain https, as apps will call them."""
    extras = {}
    for key in kept:
        value = answer.get(key)
        if not isinstance(value, str) or not value or len(value) > 2048 or not value.isprintable():
            continue
        if key.endswith("_url") and not _plain_https(value):
            continue
        extras[key] = value
    return extras


def _plain_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
