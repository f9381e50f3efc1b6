"""What a token says, read without being believed, and which requirements of a warehouse it does not meet (seed 002)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from server.minting.claims import role_scope

LONGEST: Final = 64 * 1024
TIMES: Final = ("iat", "nbf", "exp", "auth_time")
# A clock may be so many seconds off before a time counts as being in the future.
SKEW: Final = 5
UNITS: Final = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_URI: Final = re.compile(r"[^\s,]+")


@dataclass(frozen=True)
class Decoded:
    """The two readable parts of a JWT."""

    header: dict[str, Any]
    claims: dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """What the integration says about its tokens; None or empty where it says nothing. `strict` for external OAuth."""

    strict: bool
    issuer: str | None = None
    audiences: tuple[str, ...] = ()
    scope_claim: str = ""
    scope_delimiter: str = ","
    user_claim: str = ""
    role: str = ""
    kids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One requirement of the seed's table, whether the token meets it, and that in a sentence."""

    claim: str
    met: bool
    required: bool
    says: str


def decode(token: str) -> Decoded | None:
    """Header and claims of a JWT; None for what is opaque. Nothing is verified."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST:
        return None
    header, claims = _part(parts[0]), _part(parts[1])
    return Decoded(header, claims) if header is not None and claims is not None and "alg" in header else None


def _part(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), parse_constant=str)
    except (ValueError, binascii.Error, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def times(claims: Mapping[str, Any], moment: float) -> dict[str, str]:
    """The times among the claims, in words: "9 minutes from now"."""
    return {name: in_words(float(claims[name]) - moment) for name in TIMES if _is_number(claims.get(name))}


def in_words(seconds: float) -> str:
    """A distance in time as people say it."""
    size = abs(seconds)
    if size < 1:
        return "now"
    name, unit = next(pair for pair in UNITS if size >= pair[1])
    count = round(size / unit)
    return f"{count} {name}{'' if count == 1 else 's'} {'from now' if seconds > 0 else 'ago'}"


def findings(token: Decoded, expected: Expected, moment: float) -> list[Finding]:
    """Every requirement in the order of the seed's table; `moment` is in seconds since 1970."""
    claims = token.claims
    judged = [
        _scopes(claims, expected),
        _audience(claims, expected),
        _expiry(claims, moment),
        _issuer(claims, expected),
        _issued(claims, moment),
        _not_before(claims, moment),
        _user(claims, expected),
        *_signature(token.header, expected),
    ]
    return [Finding(name, met, expected.strict, says) for name, met, says in filter(None, judged)]


_Judged = tuple[str, bool, str] | None


def _scopes(claims: Mapping[str, Any], expected: Expected) -> _Judged:
    wanted = expected.scope_claim or ("scp" if "scp" in claims else "scope")
    value = claims.get(wanted)
    if value is None:
        other = next((name for name in ("scp", "scope") if name in claims), None)
        if other:
            return wanted, False, f"The scopes are in {other}, but the integration says that they are in {wanted}."
        return wanted, False, "There is no scp and no scope, so the warehouse knows no role."
    if wanted == "scp" and expected.strict and not isinstance(value, list):
        return wanted, False, "scp must be a list of scopes."
    if wanted == "scope" and not isinstance(value, str):
        return wanted, False, "scope must be one text with the scopes in it."
    scopes = _split(value, expected)
    return wanted, *_role_in(scopes, expected.role)


def _split(value: Any, expected: Expected) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    parts = str(value).split(expected.scope_delimiter) if expected.strict else re.split(r"[\s,]+", str(value))
    return [part.strip() for part in parts if part.strip()]


def _role_in(scopes: Sequence[str], role: str) -> tuple[bool, str]:
    roles = [scope for scope in scopes if scope.lower().startswith("session:role")]
    if not scopes:
        return False, "There are no scopes in it."
    if role:
        wanted = role_scope(role)
        if wanted in scopes:
            return True, f"It holds {wanted}."
        near = next((scope for scope in scopes if scope.lower() == wanted.lower()), None)
        if near:
            return False, f"It holds {near}, but {wanted} is wanted: capitals and small letters count."
        return False, f"The role {role} is not in scope: it holds {', '.join(scopes)}."
    if not roles:
        return (
            False,
            f"No scope of it names a role (session:role:...); it holds {', '.join(scopes)}.",
        )
    return True, f"It holds {', '.join(roles)}."


def _audience(claims: Mapping[str, Any], expected: Expected) -> _Judged:
    value = claims.get("aud")
    given = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    audiences = [item for item in given if isinstance(item, str) and _URI.fullmatch(item)]
    if not audiences:
        return "aud", False, "There is no audience: it must be an address, or a list of addresses."
    if not expected.audiences:
        return "aud", True, f"It is for {', '.join(audiences)}."
    if set(audiences) & set(expected.audiences):
        return "aud", True, f"It is for {', '.join(audiences)}."
    return "aud", False, _differs("audience", audiences[0], expected.audiences[0])


def _issuer(claims: Mapping[str, Any], expected: Expected) -> _Judged:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        return "iss", False, "There is no issuer."
    if expected.issuer and issuer != expected.issuer:
        return "iss", False, _differs("issuer", issuer, expected.issuer)
    return "iss", True, f"It was issued by {issuer}."


def _differs(what: str, found: str, wanted: str) -> str:
    if found.lower() == wanted.lower():
        return f"The {what} is {found}, but {wanted} is wanted: capitals and small letters count."
    if found.rstrip("/") == wanted.rstrip("/"):
        return f"The {what} is {found}, but {wanted} is wanted: the slash at the end counts."
    return f"The {what} is {found}, but {wanted} is wanted."


def _expiry(claims: Mapping[str, Any], moment: float) -> _Judged:
    value = claims.get("exp")
    if not _is_number(value):
        return "exp", False, "There is no expiration time."
    left = float(value) - moment
    return (
        ("exp", True, f"It expires {in_words(left)}.") if left > 0 else ("exp", False, f"It expired {in_words(left)}.")
    )


def _issued(claims: Mapping[str, Any], moment: float) -> _Judged:
    value = claims.get("iat")
    if not _is_number(value):
        return "iat", False, "It does not say when it was issued, which is required."
    ahead = float(value) - moment
    if ahead > SKEW:
        return "iat", False, f"It says that it was issued {in_words(ahead)}: a clock is wrong."
    return "iat", True, f"It was issued {in_words(min(ahead, 0))}."


def _not_before(claims: Mapping[str, Any], moment: float) -> _Judged:
    if "nbf" not in claims:
        return None
    value = claims["nbf"]
    if not _is_number(value):
        return "nbf", False, "The time before which it does not count cannot be read."
    ahead = float(value) - moment
    if ahead > 0:
        return "nbf", False, f"It does not count yet: it will {in_words(ahead)}."
    return "nbf", True, f"It counts since {in_words(ahead)}."


def _user(claims: Mapping[str, Any], expected: Expected) -> _Judged:
    if not expected.user_claim:
        return None
    value = claims.get(expected.user_claim)
    if not isinstance(value, str) or not value:
        return (
            expected.user_claim,
            False,
            f"There is no {expected.user_claim}, so nobody can tell whose it is.",
        )
    return expected.user_claim, True, f"The warehouse knows the person as {value}."


def _signature(header: Mapping[str, Any], expected: Expected) -> list[_Judged]:
    algorithm = header.get("alg")
    signed = isinstance(algorithm, str) and algorithm[:2] in ("RS", "PS", "ES")
    if expected.strict:
        signed = algorithm == "RS256"
    says = f"It is signed with {algorithm}." if signed else f"It is signed with {algorithm}; RS256 is wanted."
    found: list[_Judged] = [("alg", signed, says)]
    if expected.kids:
        known = header.get("kid") in expected.kids
        found.append(
            ("kid", known, "Its key is published." if known else "Its key is none of those that are published.")
        )
    return found


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12
