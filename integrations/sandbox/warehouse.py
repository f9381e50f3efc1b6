"""Owns the warehouse: a data API that takes foreign JWTs as an external OAuth integration says (seed 002)."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.rows import as_json, rows_of
from integrations.sandbox.settings import SettingsError, UserSettings
from integrations.sandbox.state import State

ROLE: Final = "session:role:"
ANY_ROLE: Final = "session:role-any"
BLOCKED: Final = ("ACCOUNTADMIN", "ORGADMIN", "GLOBALORGADMIN", "SECURITYADMIN")
LEEWAY: Final = 5
_PAIR: Final = re.compile(r"(\w+)\s*=\s*(\((?:[^()']|'[^']*')*\)|'(?:[^']|'')*'|[\w-]+)")
_TEXT: Final = re.compile(r"'((?:[^']|'')*)'")
_CREATE: Final = re.compile(
    r"\s*create\s+(?:or\s+replace\s+)?security\s+integration\s+(?:if\s+not\s+exists\s+)?(\w+)", re.I
)


@dataclass(frozen=True)
class Definition:
    """The values of a `create security integration ... type = external_oauth` statement.

    `any_role_roles` are the roles with the USE_ANY_ROLE privilege.
    """

    name: str
    issuer: str
    rsa_public_key: str = ""
    rsa_public_key_2: str = ""
    jws_keys_url: tuple[str, ...] = ()
    audience_list: tuple[str, ...] = ()
    token_user_mapping_claim: tuple[str, ...] = ("upn",)
    snowflake_user_mapping_attribute: str = "login_name"
    scope_mapping_attribute: str = "scp"
    scope_delimiter: str = ","
    any_role_mode: str = "DISABLE"
    allowed_roles_list: tuple[str, ...] = ()
    blocked_roles_list: tuple[str, ...] = BLOCKED
    any_role_roles: tuple[str, ...] = ()
    enabled: bool = True


@dataclass
class Verdict:
    """Who a token is for and which role it opens, and every requirement of seed 002 that it does not meet."""

    user: UserSettings | None = None
    role: str = ""
    may_switch: bool = False
    failed: list[dict[str, str]] = field(default_factory=list)

    def miss(self, requirement: str, message: str) -> None:
        """Note an unmet requirement."""
        self.failed.append({"requirement": requirement, "message": message})


def from_statement(text: str) -> Definition:
    """Read the SQL statement that creates the integration; raise SettingsError saying what is wrong with it."""
    head = _CREATE.match(text)
    if head is None:
        raise SettingsError("Send a create security integration statement.")
    given: dict[str, Any] = {}
    for name, value in _PAIR.findall(text[head.end() :]):
        texts = [one.replace("''", "'") for one in _TEXT.findall(value)]
        given[name.lower()] = texts if value.startswith("(") else (texts[0] if value.startswith("'") else value)
    return from_values(head[1], given)


def from_values(name: str, given: dict[str, Any]) -> Definition:
    """Read the properties by their SQL names, in any case of letters; raise SettingsError naming a wrong one."""
    values: dict[str, Any] = {str(key).lower(): value for key, value in given.items()}
    for key, wanted in (("type", "external_oauth"), ("external_oauth_type", "custom")):
        if str(values.pop(key, wanted)).lower() != wanted:
            raise SettingsError(f"{key} must be {wanted}.")
    read: dict[str, Any] = {"enabled": str(values.pop("enabled", "true")).lower() == "true"}
    if "external_oauth_user_mapping_claim" in values:
        values["external_oauth_token_user_mapping_claim"] = values.pop("external_oauth_user_mapping_claim")
    kinds = {item: Definition.__dataclass_fields__[item].type for item in Definition.__dataclass_fields__}
    for key, value in values.items():
        short = key.removeprefix("external_oauth_")
        if short not in kinds or short in {"name", "enabled"}:
            raise SettingsError(f"{key} is not a property of an external OAuth integration.")
        read[short] = _as(key, value, many=kinds[short] == tuple[str, ...])
    if not read.get("issuer"):
        raise SettingsError("external_oauth_issuer is missing.")
    if not read.get("rsa_public_key") and not read.get("jws_keys_url"):
        raise SettingsError("Give external_oauth_rsa_public_key or external_oauth_jws_keys_url.")
    made = Definition(name, **read)
    if made.any_role_mode not in {"DISABLE", "ENABLE", "ENABLE_FOR_PRIVILEGE"}:
        raise SettingsError("external_oauth_any_role_mode must be DISABLE, ENABLE or ENABLE_FOR_PRIVILEGE.")
    if made.scope_mapping_attribute not in {"scp", "scope"}:
        raise SettingsError("external_oauth_scope_mapping_attribute must be scp or scope.")
    if made.snowflake_user_mapping_attribute.lower() not in {"login_name", "email_address"}:
        raise SettingsError("external_oauth_snowflake_user_mapping_attribute must be login_name or email_address.")
    if len(made.scope_delimiter) != 1:
        raise SettingsError("external_oauth_scope_delimiter must be one character.")
    for key in filter(None, (made.rsa_public_key, made.rsa_public_key_2)):
        public_key(key)
    return made


def _as(key: str, value: Any, *, many: bool) -> Any:
    if many:
        items = [value] if isinstance(value, str) else value
        if isinstance(items, list | tuple) and all(isinstance(item, str) for item in items):
            return tuple(items)
    elif isinstance(value, str):
        return value
    raise SettingsError(f"{key} must be {'a list of texts' if many else 'a text'}.")


def public_key(text: str) -> RSAKey:
    """Read an RSA public key as the statement takes it: PEM, or its body alone; raise SettingsError."""
    body = "".join(line for line in text.split() if line) if "-----" not in text else ""
    pem = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n" if body else text
    try:
        return RSAKey.import_key(pem)
    except (JoseError, ValueError, TypeError) as error:
        raise SettingsError("external_oauth_rsa_public_key is not an RSA public key.") from error


class Warehouse:
    """Handlers under `/warehouse`; the integrations are defined through the admin API."""

    def __init__(self, state: State) -> None:
        """Start without any integration."""
        self._state = state
        self.definitions: dict[str, Definition] = {}

    def routes(self) -> list[Route]:
        """Return where each handler lives."""
        return [
            Route("/warehouse/query", self.query, methods=["GET", "POST"]),
            Route("/warehouse/check", self.check, methods=["POST"]),
        ]

    def define(self, definition: Definition) -> None:
        """Create or replace an integration."""
        self.definitions[definition.name.lower()] = definition

    def grant_any_role(self, name: str, roles: tuple[str, ...]) -> None:
        """GRANT USE_ANY_ROLE ON INTEGRATION ... TO ROLE ...; raise SettingsError for an unknown integration."""
        found = self.definitions.get(name.lower())
        if found is None:
            raise SettingsError(f"There is no integration {name}.")
        self.define(replace(found, any_role_roles=tuple(role.upper() for role in roles)))

    async def query(self, request: Request) -> Response:
        """Return the rows of the token's user; 401 names every requirement that the token does not meet.

        `role` in the query changes the role, as USE ROLE does.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return JSONResponse({"error": "Send Authorization: Bearer and the token."}, 401)
        verdict = await self.judged(token.strip())
        if not verdict.failed and (wanted := request.query_params.get("role")):
            self._use_role(verdict, wanted)
        if verdict.failed or verdict.user is None:
            return JSONResponse({"error": "390303: Invalid OAuth access token.", "failed": verdict.failed}, 401)
        rows = as_json(rows_of(verdict.user.sub))
        body = {"user": verdict.user.sub, "login_name": verdict.user.login, "role": verdict.role, "rows": rows}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def check(self, request: Request) -> Response:
        """Say of a token in the body, `{"token": ...}`, what is missing, as `query` would."""
        try:
            token = json.loads(await request.body())["token"]
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": 'Send {"token": ...}.'}, 400)
        verdict = await self.judged(str(token))
        who = verdict.user.sub if verdict.user else None
        return JSONResponse({"user": who, "role": verdict.role, "failed": verdict.failed})

    async def judged(self, token: str) -> Verdict:
        """Hold a token against the integration that its issuer names (with their case, as seed 002 says)."""
        verdict = Verdict()
        try:
            unchecked = jws.extract_compact(token.encode())
            claims = json.loads(unchecked.payload)
        except (JoseError, ValueError):
            claims = None
        if not isinstance(claims, dict):
            verdict.miss("format", "The token is not a signed JWT.")
            return verdict
        chosen = [one for one in self.definitions.values() if one.issuer == claims.get("iss") and one.enabled]
        if not chosen:
            verdict.miss("iss", "No enabled integration has this issuer; case and slashes count.")
            return verdict
        for definition in chosen:
            verdict = Verdict()
            await self._signature(verdict, token, unchecked.headers(), definition)
            self._times(verdict, claims)
            self._audience(verdict, claims, definition)
            self._person(verdict, claims, definition)
            self._role(verdict, claims, definition)
            if not verdict.failed:
                break
        return verdict

    async def _signature(self, verdict: Verdict, token: str, header: dict[str, Any], found: Definition) -> None:
        if header.get("alg") not in {"RS256", "RS384", "RS512"}:
            verdict.miss("alg", "The token must be signed with RSA, such as RS256.")
            return
        for key in await self._keys(verdict, header, found):
            try:
                jws.deserialize_compact(token, key, ["RS256", "RS384", "RS512"])
                return
            except JoseError:
                continue
        verdict.miss("signature", "None of the integration's public keys verifies the signature.")

    async def _keys(self, verdict: Verdict, header: dict[str, Any], found: Definition) -> list[Any]:
        keys: list[Any] = [public_key(text) for text in (found.rsa_public_key, found.rsa_public_key_2) if text]
        for url in found.jws_keys_url:
            try:
                document = KeySet.import_key_set(await self._state.fetch(url))
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError):
                verdict.miss("keys", "The key set at external_oauth_jws_keys_url cannot be read.")
                continue
            keys += [key for key in document.keys if header.get("kid") in {None, key.kid}]
        return keys

    def _times(self, verdict: Verdict, claims: dict[str, Any]) -> None:
        now = self._state.clock()
        for name in ("iat", "exp"):
            if not _is_time(claims.get(name)):
                verdict.miss(name, f"The claim {name} is required, as a number of seconds.")
        if _is_time(claims.get("exp")) and claims["exp"] <= now:
            verdict.miss("exp", "The token has expired.")
        if _is_time(claims.get("iat")) and claims["iat"] > now + LEEWAY:
            verdict.miss("iat", "The token was issued in the future.")
        if "nbf" in claims and (not _is_time(claims["nbf"]) or claims["nbf"] > now + LEEWAY):
            verdict.miss("nbf", "The token is not valid yet.")

    def _audience(self, verdict: Verdict, claims: dict[str, Any], found: Definition) -> None:
        said = claims.get("aud")
        audiences = said if isinstance(said, list) else [said]
        if not said:
            verdict.miss("aud", "The claim aud is required.")
        elif found.audience_list and not set(map(str, audiences)) & set(found.audience_list):
            verdict.miss("aud", "The audience is not in external_oauth_audience_list; case counts.")

    def _person(self, verdict: Verdict, claims: dict[str, Any], found: Definition) -> None:
        values = [str(claims[name]) for name in found.token_user_mapping_claim if claims.get(name)]
        if not values:
            verdict.miss("user", f"The token has no claim {' or '.join(found.token_user_mapping_claim)}.")
            return
        by_login = found.snowflake_user_mapping_attribute.lower() == "login_name"
        for user in self._state.users.all():
            if (user.login if by_login else user.email) in values:
                verdict.user = user
                return
        verdict.miss("user", f"No user's {found.snowflake_user_mapping_attribute} is the value of that claim.")

    def _role(self, verdict: Verdict, claims: dict[str, Any], found: Definition) -> None:
        scopes = _scopes(claims.get(found.scope_mapping_attribute), found)
        if scopes is None:
            form = "a list" if found.scope_mapping_attribute == "scp" else "a text"
            verdict.miss("scope", f"The claim {found.scope_mapping_attribute} is required, as {form} of scopes.")
            return
        roles = [scope[len(ROLE) :].upper() for scope in scopes if scope.lower().startswith(ROLE)]
        anything = any(scope.lower() == ANY_ROLE for scope in scopes)
        user = verdict.user
        if roles:
            verdict.role = roles[0]
        elif anything:
            verdict.role = user.default_role if user else ""
        else:
            verdict.miss("scope", "No scope is session:role:<role> or session:role-any.")
            return
        privileged = bool(user and set(user.roles) & set(found.any_role_roles))
        allowed = found.any_role_mode == "ENABLE" or (found.any_role_mode == "ENABLE_FOR_PRIVILEGE" and privileged)
        verdict.may_switch = anything and allowed
        if anything and not roles and not allowed:
            verdict.miss("role", "external_oauth_any_role_mode does not let this user choose a role.")
        self._may_use(verdict, verdict.role, found)

    def _may_use(self, verdict: Verdict, role: str, found: Definition) -> None:
        if role in {one.upper() for one in found.blocked_roles_list}:
            verdict.miss("role", "The role is blocked in the integration.")
        elif found.allowed_roles_list and role not in {one.upper() for one in found.allowed_roles_list}:
            verdict.miss("role", "The role is not in the integration's list of allowed roles.")
        elif verdict.user and role not in verdict.user.roles:
            verdict.miss("role", "The role is not granted to the user.")

    def _use_role(self, verdict: Verdict, role: str) -> None:
        """USE ROLE in the session that a good token opened."""
        if role.upper() == verdict.role:
            return
        if not verdict.may_switch:
            verdict.miss("role", "This token does not let its session change the role.")
        elif verdict.user and role.upper() not in verdict.user.roles:
            verdict.miss("role", "The role is not granted to the user.")
        else:
            verdict.role = role.upper()


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scopes(value: Any, found: Definition) -> list[str] | None:
    """The scopes of a token; None when the claim is missing or has the wrong form."""
    if found.scope_mapping_attribute == "scp":
        items = value if isinstance(value, list) else None
        return [str(item) for item in items] if items else None
    return [part for part in value.split(found.scope_delimiter) if part] if isinstance(value, str) and value else None
