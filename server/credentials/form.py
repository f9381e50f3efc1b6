"""The token exchange request: RFC 8693 fields as Connect names them, checked before anything is looked up."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from starlette.requests import Request

from server.web.body import form_fields, read_limited
from server.web.errors import CANNOT_PARSE, ApiError

FORM = "application/x-www-form-urlencoded"
FORM_BYTES = FORM.encode()
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
# Posit's page on security spells it so; whoever copied it from there is understood (connect-behaviour.md 4).
MISSPELT_GRANT = "urn:eitf:params:oauth:grant-type:token-exchange"
VIEWER = "urn:posit:connect:user-session-token"
CONTENT = "urn:posit:connect:content-session-token"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type's name
AWS = "urn:ietf:params:aws:token-type:credentials"
API_KEY = "urn:posit:connect:api-key"

NO_FORM, BAD_FORM = 210, 211
BAD_GRANT, BAD_SUBJECT_TYPE, BAD_SUBJECT = 213, 214, 215
BAD_REQUESTED, BAD_COMBINATION, BAD_AUDIENCE = 242, 249, 256

LONGEST_FORM, LONGEST_REMEMBERED = 65536, 4096
# Longer than this no min_ttl makes sense; what counts at most is `terms.MOST_TTL`.
LONGEST_TTL = 86400
LONGEST_NEXT = 1024
# What an address may hold as it is: visible ASCII without quotes and backslashes.
NEXT = re.compile(r"[!#-&(-\[\]^_a-~]*")
# A segment by which a browser would leave the content's address; it reads "%2e" as a dot, too (URL standard, 4.1).
_UP = re.compile(r"^[^?#]*?(?:^|/)(?:\.|%2e){2}(?:[/?#]|$)", re.IGNORECASE)

Kind = Literal["viewer", "content"]
KINDS: dict[str, Kind] = {VIEWER: "viewer", CONTENT: "content"}


@dataclass(frozen=True)
class ExchangeForm:
    """A request that makes sense in itself. `audience` is a canonical GUID or None; `min_ttl` is in seconds; `back` is
    where a viewer who has to connect first comes back to, a path below the content's address.
    """

    kind: Kind
    subject_token: str = field(repr=False)
    requested: str
    audience: str | None
    min_ttl: float | None = None
    force_refresh: bool = False
    back: str = ""


async def read(request: Request) -> ExchangeForm:
    """The checked form. Raises ApiError 400 with Connect's number of what is wrong (connect-api.md 3.6)."""
    if request.scope["query_string"]:
        raise ApiError(400, BAD_FORM, "Send the fields in the form, never in the address.")
    kinds = [value for name, value in request.scope["headers"] if name == b"content-type"]
    if not kinds or kinds[0].partition(b";")[0].strip().lower() != FORM_BYTES:
        raise ApiError(400, NO_FORM, f"Send the fields as a form: Content-Type: {FORM}.")
    try:
        raw = await read_limited(request, LONGEST_FORM)
        return _remembered(raw) if len(raw) <= LONGEST_REMEMBERED else _meaning(raw)
    except ApiError as error:
        if error.code != CANNOT_PARSE:
            raise
        raise ApiError(error.status, BAD_FORM, error.message) from None


@lru_cache(maxsize=10_000)
def _remembered(raw: bytes) -> ExchangeForm:
    """As `_meaning`: an app asks for each viewer in the same words again and again."""
    return _meaning(raw)


def _meaning(raw: bytes) -> ExchangeForm:
    fields = form_fields(raw)
    if not fields:
        raise ApiError(400, NO_FORM, "The form is empty; send grant_type, subject_token_type and subject_token.")
    return checked(fields)


def checked(fields: Mapping[str, str]) -> ExchangeForm:
    """The form's meaning; `resource` and `scope` of RFC 8693 are not looked at. Raises ApiError 400."""
    if fields.get("grant_type") not in (GRANT, MISSPELT_GRANT):
        raise ApiError(400, BAD_GRANT, f"grant_type must be {GRANT}.")
    kind = KINDS.get(fields.get("subject_token_type", ""))
    if kind is None:
        raise ApiError(400, BAD_SUBJECT_TYPE, f"subject_token_type must be {VIEWER} or {CONTENT}.")
    requested = fields.get("requested_token_type") or ACCESS_TOKEN
    if requested not in (ACCESS_TOKEN, AWS, API_KEY):
        raise ApiError(
            400, BAD_REQUESTED, f"requested_token_type must be one of {ACCESS_TOKEN}, {AWS}, {API_KEY}, or be left out."
        )
    if kind == "content" and requested == API_KEY:
        raise ApiError(400, BAD_COMBINATION, "An API key can only be asked for in a viewer's name.")
    token = fields.get("subject_token", "")
    if not token:
        raise ApiError(400, BAD_SUBJECT, "subject_token is missing.")
    audience = _audience(fields.get("audience", ""))
    return ExchangeForm(kind, token, requested, audience, _min_ttl(fields), _force_refresh(fields), _back(fields))


def _min_ttl(fields: Mapping[str, str]) -> float | None:
    text = fields.get("min_ttl", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= LONGEST_TTL):
        raise ApiError(400, BAD_FORM, f"min_ttl must be a whole number of seconds, at most {LONGEST_TTL}.")
    return float(text)


def _force_refresh(fields: Mapping[str, str]) -> bool:
    text = fields.get("force_refresh", "")
    if text not in ("", "true", "false"):
        raise ApiError(400, BAD_FORM, "force_refresh must be true or false.")
    return text == "true"


def _back(fields: Mapping[str, str]) -> str:
    text = fields.get("next", "")
    if len(text) > LONGEST_NEXT or not NEXT.fullmatch(text) or _UP.search(text):
        raise ApiError(400, BAD_FORM, "next must be a path below the content's own address, such as page?year=2026.")
    return text.lstrip("/")


def _audience(text: str) -> str | None:
    if not text:
        return None
    try:
        canonical = str(uuid.UUID(text))
    except ValueError:
        canonical = ""
    if canonical != text.lower():
        raise bad_audience()
    return canonical


def bad_audience() -> ApiError:
    """One answer for malformed, unknown and unassociated: it tells nothing about what exists elsewhere (X-05)."""
    return ApiError(400, BAD_AUDIENCE, "audience names no integration that this content may use.")
