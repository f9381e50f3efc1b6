"""AWS credentials for an OpenID Connect token: `AssumeRoleWithWebIdentity` of AWS STS (API version 2011-06-15).

The call is not signed: the token itself is the proof. STS answers in JSON where it is asked to; its XML is read too,
as endpoints of other makers answer in nothing else.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from xml.parsers import expat

from integrations.contract import Secret
from integrations.errors import ClientRejected, ConsentEnded, Malformed, Passing
from integrations.grants.rejection import retry_after
from integrations.http import OutboundClient, Reply

VERSION: Final = "2011-06-15"
SESSION_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
_LONGEST: Final = 100_000
_ADMIN: Final = "An administrator should check the integration."

# Codes of the API reference; STS spells some of them with "Exception" at the end.
ENDED: Final[Mapping[str, tuple[str, str]]] = {
    "ExpiredToken": ("expired_identity", "AWS says that the identity token has expired. Connect again to continue."),
    "IDPRejectedClaim": (
        "rejected_claim",
        "AWS says that the identity provider refused the sign-in, or ended it. Connect again to continue.",
    ),
}
REJECTED: Final[Mapping[str, tuple[str, str]]] = {
    "InvalidIdentityToken": (
        "invalid_identity_token",
        "AWS does not accept the identity token: IAM must know its issuer and its audience. " + _ADMIN,
    ),
    "AccessDenied": (
        "access_denied",
        f"AWS does not let this identity assume the role: the role's trust policy does not allow it. {_ADMIN}",
    ),
    "ValidationError": (
        "validation_error",
        f"AWS does not accept the role's ARN or the length of the session. {_ADMIN}",
    ),
    "RegionDisabled": ("region_disabled", f"AWS STS is not activated in this region for the account. {_ADMIN}"),
    "MalformedPolicyDocument": ("malformed_policy", f"AWS cannot read the policy of the session. {_ADMIN}"),
    "PackedPolicyTooLarge": ("policy_too_large", f"The session's tags and policies are too large for AWS. {_ADMIN}"),
}
PASSING: Final[Mapping[str, tuple[str, str]]] = {
    "IDPCommunicationError": ("idp_communication", "AWS could not reach the identity provider just now."),
    "Throttling": ("rate_limited", "AWS says we ask too often."),
    "ServiceUnavailable": ("unavailable", "AWS is temporarily unavailable."),
    "InternalFailure": ("server_error", "AWS had trouble of its own."),
}


@dataclass(frozen=True)
class Role:
    """Which role to assume, where to ask, and for how many seconds."""

    arn: str
    endpoint: str
    duration: int


@dataclass(frozen=True)
class AwsCredentials:
    """Temporary credentials; `expiration` is in UTC."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expiration: datetime

    def encoded(self) -> Secret:
        """Base64 of the JSON object that clients of the exchange read (connect-api.md 3.6)."""
        document = {
            "accessKeyId": self.access_key_id,
            "secretAccessKey": self.secret_access_key.reveal(),
            "sessionToken": self.session_token.reveal(),
            "expiration": self.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return Secret(base64.b64encode(json.dumps(document, separators=(",", ":")).encode()).decode())


def endpoint(region: str) -> str:
    """The regional endpoint of STS; regions in China are in a domain of their own."""
    return f"https://sts.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}/"


def session_name(text: str, fallback: str) -> str:
    """A name that CloudTrail shows for the session: `text` as far as AWS allows its characters, else `fallback`."""
    name = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", text)[:64]
    return name if SESSION_NAME.fullmatch(name) and name.strip("-") else fallback


async def assume(client: OutboundClient, role: Role, *, token: Secret, name: str) -> AwsCredentials:
    """Credentials of `role` for the bearer of `token`; `name` is the session's.

    Raises ConsentEnded (the person must sign in again), ClientRejected (an administrator must act), Passing, Malformed.
    """
    fields: dict[str, str | Secret] = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": VERSION,
        "RoleArn": role.arn,
        "RoleSessionName": name,
        "WebIdentityToken": token,
        "DurationSeconds": str(role.duration),
    }
    reply = await client.post_form(role.endpoint, fields)
    answer = _members(reply)
    if reply.status != 200 or "Error" in answer:
        raise _error(reply, answer)
    return _credentials(answer)


def _members(reply: Reply) -> dict[str, Any]:
    """The answer as nested members, whether it is JSON or XML; empty when it is neither."""
    try:
        text = reply.body.decode("utf-8-sig")
        found = xml(text) if text.lstrip().startswith("<") else json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _error(reply: Reply, answer: Mapping[str, Any]) -> Exception:
    """Only codes are understood; no text of the answer goes into a message."""
    error = _inner(answer, "ErrorResponse").get("Error")
    code = str(error.get("Code", "")) if isinstance(error, dict) else ""
    code = code.removesuffix("Exception")
    if code in ENDED:
        return ConsentEnded(ENDED[code][1], code=ENDED[code][0])
    if code in REJECTED:
        return ClientRejected(REJECTED[code][1], code=REJECTED[code][0])
    wait = retry_after(reply.headers.get("retry-after"))
    if code in PASSING:
        return Passing(PASSING[code][1], wait, code=PASSING[code][0])
    if reply.status == 429:
        return Passing(PASSING["Throttling"][1], wait, code="rate_limited")
    if reply.status in (401, 403):
        return ClientRejected(REJECTED["AccessDenied"][1], code="access_denied")
    return Passing(f"AWS answered with status {reply.status}.", wait, code=f"status_{reply.status}")


def _credentials(answer: Mapping[str, Any]) -> AwsCredentials:
    result = _inner(_inner(answer, "AssumeRoleWithWebIdentityResponse"), "AssumeRoleWithWebIdentityResult")
    found = _inner(result, "Credentials")
    key, secret, token = (found.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    ends = _moment(found.get("Expiration"))
    if not (_is_text(key) and _is_text(secret) and _is_text(token)) or ends is None:
        raise Malformed("AWS answered without credentials that can be used.")
    return AwsCredentials(str(key), Secret(str(secret)), Secret(str(token)), ends)


def _inner(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The member of that name; the members themselves where they are not wrapped in it."""
    found = members.get(name)
    return found if isinstance(found, dict) else dict(members)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()


def _moment(value: object) -> datetime | None:
    """A time as seconds since 1970 (JSON) or in RFC 3339 (XML)."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def xml(text: str) -> dict[str, Any]:
    """The elements of a document as nested members, texts at the leaves, without name spaces and attributes.

    A document type is refused before anything of it is read: entities are how XML attacks its readers. Raises
    ValueError for that, and for what is not well formed.
    """
    if len(text) > _LONGEST:
        raise ValueError("too long")
    parser = expat.ParserCreate(namespace_separator=None)
    root: dict[str, Any] = {}
    open_elements: list[tuple[str, dict[str, Any], list[str]]] = [("", root, [])]

    def refuse(*_: object) -> None:
        raise ValueError("a document type is not read")

    def begin(name: str, _attributes: object) -> None:
        if len(open_elements) > 20:
            raise ValueError("nested too deeply")
        open_elements.append((name.rpartition(":")[2], {}, []))

    def write(data: str) -> None:
        open_elements[-1][2].append(data)

    def end(_name: str) -> None:
        name, members, texts = open_elements.pop()
        open_elements[-1][1][name] = members or "".join(texts).strip()

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = write
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    return root
