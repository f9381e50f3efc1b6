"""Owns a small security token service: AWS's AssumeRoleWithWebIdentity, unsigned, as the SDKs ask it."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import httpx
from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.clients import LOOPBACK_HOSTS
from integrations.sandbox.faults import iso
from integrations.sandbox.state import State
from integrations.sandbox.tokens import new_secret
from integrations.sandbox.wire import FormError, read_form

XMLNS: Final = "https://sts.amazonaws.com/doc/2011-06-15/"
_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}")


@dataclass(frozen=True)
class StsError(Exception):
    """A refusal in AWS's words."""

    status: int
    code: str
    message: str


@dataclass
class Trust:
    """Which web identities may assume roles. No providers: every issuer on this machine, for any audience here.

    `providers` says of an issuer where its keys are (`jwks_uri`), or has them (`jwks`); without either they are
    found by its discovery document. `subjects` narrows a role, by ARN, to some `sub` claims.
    """

    audiences: tuple[str, ...] = ("sts.amazonaws.com",)
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)
    subjects: dict[str, list[str]] = field(default_factory=dict)


class SecurityTokens:
    """The service at `/sts`."""

    def __init__(self, state: State) -> None:
        """Trust what is on this machine until the admin API says otherwise."""
        self._state = state
        self.trust = Trust()
        self._sessions: dict[str, tuple[str, float]] = {}

    def routes(self) -> list[Route]:
        """Return where it lives."""
        return [Route(path, self.answer, methods=["POST"]) for path in ("/sts", "/sts/")]

    async def answer(self, request: Request) -> Response:
        """Answer a form of AWS's query protocol, in XML or, where JSON is asked for, in JSON."""
        as_json = "application/json" in request.headers.get("accept", "")
        try:
            form = dict(await read_form(request))
            action = form.get("Action", "")
            if action == "AssumeRoleWithWebIdentity":
                result = await self._assume(form)
            elif action == "GetCallerIdentity":
                result = self._caller(request.headers.get("x-amz-security-token", ""))
            else:
                raise StsError(400, "InvalidAction", f"Could not find operation {action[:64]}")
        except FormError as error:
            return _refused(StsError(400, "MalformedInput", str(error)), as_json)
        except StsError as error:
            return _refused(error, as_json)
        return _granted(action, result, as_json)

    async def _assume(self, form: dict[str, str]) -> dict[str, Any]:
        """Check the request and its web identity token; return the Result element."""
        arn, name = form.get("RoleArn", ""), form.get("RoleSessionName", "")
        if form.get("Version") != "2011-06-15":
            raise StsError(400, "InvalidAction", "Send Version=2011-06-15.")
        if not _ARN.fullmatch(arn):
            raise StsError(400, "ValidationError", "RoleArn is not the ARN of a role.")
        if not _NAME.fullmatch(name):
            raise StsError(400, "ValidationError", r"RoleSessionName must match [\w+=,.@-]{2,64}.")
        seconds = _duration(form.get("DurationSeconds", "3600"))
        claims = await self._identity(form.get("WebIdentityToken", ""))
        subjects = self.trust.subjects.get(arn)
        if subjects is not None and claims["sub"] not in subjects:
            raise StsError(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        ends = self._state.clock() + seconds
        session = new_secret("IQoJb3JpZ2lu")
        assumed = f"{arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{name}"
        self._sessions[session] = (assumed, ends)
        return {
            "AssumedRoleUser": {"Arn": assumed, "AssumedRoleId": f"AROASANDBOX:{name}"},
            "Audience": _audiences(claims)[0],
            "Credentials": {
                "AccessKeyId": "ASIA" + new_secret("").upper().replace("-", "A").replace("_", "B")[:16],
                "SecretAccessKey": new_secret("")[:40],
                "SessionToken": session,
                "Expiration": ends,
            },
            "Provider": str(claims["iss"]).removeprefix("https://"),
            "SubjectFromWebIdentityToken": claims["sub"],
        }

    def _caller(self, session: str) -> dict[str, Any]:
        """Whose session token it is."""
        assumed, ends = self._sessions.get(session, ("", 0.0))
        if not assumed:
            raise StsError(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if ends <= self._state.clock():
            raise StsError(403, "ExpiredToken", "The security token included in the request is expired")
        return {"Arn": assumed, "UserId": "AROASANDBOX", "Account": assumed.split(":")[4]}

    async def _identity(self, token: str) -> dict[str, Any]:
        """The checked claims of a web identity token."""
        try:
            seen = jws.extract_compact(token.encode())
            claims = json.loads(seen.payload)
            issuer = str(claims["iss"])
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise StsError(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from error
        keys = await self._keys(issuer)
        try:
            checked = dict(jwt.decode(token, keys, ["RS256", "ES256"]).claims)
            JWTClaimsRegistry(now=lambda: int(self._state.clock()), exp={"essential": True}).validate(checked)
        except ExpiredTokenError as error:
            raise StsError(400, "ExpiredTokenException", "Token expired") from error
        except (JoseError, ValueError) as error:
            raise StsError(
                400, "InvalidIdentityToken", "Couldn't retrieve verification key, or it does not fit"
            ) from error
        if not checked.get("sub"):
            raise StsError(400, "InvalidIdentityToken", "Missing a required claim: sub")
        if not set(_audiences(checked)) & set(self.trust.audiences):
            raise StsError(400, "InvalidIdentityToken", "Incorrect token audience")
        return checked

    async def _keys(self, issuer: str) -> KeySet:
        """The key set of a trusted issuer."""
        known = self.trust.providers.get(issuer)
        if known is None and (self.trust.providers or urlsplit(issuer).hostname not in LOOPBACK_HOSTS):
            raise StsError(
                400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for the issuer"
            )
        try:
            document = (known or {}).get("jwks")
            if document is None:
                where = (known or {}).get("jwks_uri") or await self._discovered(issuer)
                document = await self._state.fetch(where)
            return KeySet.import_key_set(document)
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            raise StsError(400, "IDPCommunicationError", "The identity provider's keys could not be read") from error

    async def _discovered(self, issuer: str) -> str:
        document = await self._state.fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document["issuer"] != issuer:
            raise ValueError("the discovery document is another issuer's")
        return str(document["jwks_uri"])


def _duration(text: str) -> int:
    if not text.isdecimal() or not 900 <= int(text) <= 43_200:
        raise StsError(400, "ValidationError", "DurationSeconds must be from 900 to 43200.")
    return int(text)


def _audiences(claims: dict[str, Any]) -> list[str]:
    said = claims.get("aud") or claims.get("azp") or ""
    return [str(one) for one in said] if isinstance(said, list) else [str(said)]


def _granted(action: str, result: dict[str, Any], as_json: bool) -> Response:
    if as_json:
        body = {f"{action}Response": {f"{action}Result": result, "ResponseMetadata": {"RequestId": "sandbox"}}}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})
    inner = _xml({f"{action}Result": result, "ResponseMetadata": {"RequestId": "sandbox"}})
    return Response(f'<{action}Response xmlns="{XMLNS}">{inner}</{action}Response>', media_type="text/xml")


def _refused(error: StsError, as_json: bool) -> Response:
    told = {"Type": "Sender", "Code": error.code, "Message": error.message}
    if as_json:
        return JSONResponse({"Error": told, "RequestId": "sandbox"}, error.status)
    body = f'<ErrorResponse xmlns="{XMLNS}"><Error>{_xml(told)}</Error><RequestId>sandbox</RequestId></ErrorResponse>'
    return Response(body, error.status, media_type="text/xml")


def _xml(members: dict[str, Any]) -> str:
    """Members as elements; a time in seconds becomes a date, as AWS writes it in XML."""
    return "".join(f"<{name}>{_text(value)}</{name}>" for name, value in members.items())


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return _xml(value)
    return escape(iso(value) if isinstance(value, float) else str(value))
