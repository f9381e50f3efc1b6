"""Issuers, signing keys, role mappings and inspected tokens as the API shows them; private keys have no place here."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import SigningKey
from server.minting.keys import bare
from server.minting.mapping import MOST, MOST_ROLES, Line
from server.minting.policy import ROLE_PATTERN, Entry
from server.oauth.wire import Guid

Role = Annotated[str, Field(pattern=ROLE_PATTERN)]
Login = Annotated[str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Roles = Annotated[list[Role], Field(max_length=MOST_ROLES)]


class KeyPath(TypedDict):
    """Which key."""

    kid: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class KeyObject(TypedDict):
    """A signing key. `public_key` is the PEM without its header lines, as Snowflake takes it."""

    kid: str
    state: Literal["next", "active", "old"]
    algorithm: str
    bits: int
    created_time: str
    used_time: str | None
    keep_until: str | None
    public_key_pem: str
    public_key: str


class IssuerObject(TypedDict):
    """What a warehouse has to know: `statement` makes it trust us, `keys_statement` follows a rotation of keys."""

    issuer: str
    discovery_uri: str
    jwks_uri: str
    keys: list[KeyObject]
    audiences: list[str]
    scope_attribute: str | None
    scope_delimiter: str | None
    user_claim: str | None
    statement: str | None
    keys_statement: str | None


class RoleEntry(TypedDict):
    """The roles of one person, one group, or, with neither, everybody else; `name` is what they are called."""

    user_guid: str | None
    group_guid: str | None
    name: str
    roles: list[str] | None
    login: str


class RoleEntryInput(TypedDict):
    """As shown, without the name. A person's `roles` may be null: then only her `login` is said."""

    user_guid: NotRequired[Guid | None]
    group_guid: NotRequired[Guid | None]
    roles: NotRequired[Roles | None]
    login: NotRequired[Login | None]


RoleMappingInput = Annotated[list[RoleEntryInput], Field(max_length=MOST)]


class InspectionQuery(TypedDict, total=False):
    """Which of several connections, or which role to mint for."""

    role: Role


class FindingObject(TypedDict):
    """One requirement and whether the token meets it; `required` false is advice."""

    claim: str
    met: bool
    required: bool
    says: str


class InspectionObject(TypedDict):
    """What a token says. The token itself is never shown; one that is `opaque` only its maker can read."""

    oauth_integration_guid: str
    whose: Literal["viewer", "service_account", "content"]
    kind: Literal["access_token", "id_token"]
    fingerprint: str
    opaque: bool
    header: dict[str, Any]
    claims: dict[str, Any]
    times: dict[str, str]
    findings: list[FindingObject]


def key_object(row: SigningKey) -> KeyObject:
    """One key, its public half only."""
    state: Any = row.state
    return {
        "kid": row.kid,
        "state": state,
        "algorithm": "RS256",
        "bits": row.bits,
        "created_time": wire(row.created_time) or "",
        "used_time": wire(row.used_time),
        "keep_until": wire(row.keep_until),
        "public_key_pem": row.public_pem,
        "public_key": bare(row.public_pem),
    }


def role_entry(line: Line) -> RoleEntry:
    """One line of a mapping."""
    entry = line.entry
    return {
        "user_guid": entry.guid if entry.kind == "user" else None,
        "group_guid": entry.guid if entry.kind == "group" else None,
        "name": line.name,
        "roles": None if entry.roles is None else list(entry.roles),
        "login": entry.login,
    }


def entry_of(given: RoleEntryInput) -> Entry | None:
    """The entry that an input means; None where it names both a person and a group."""
    user, group = given.get("user_guid"), given.get("group_guid")
    roles, login = given.get("roles"), given.get("login") or ""
    kept = None if roles is None else tuple(dict.fromkeys(roles))
    if user is not None and group is not None:
        return None
    if user is not None:
        return Entry("user", user.lower(), kept, login)
    if group is not None:
        return Entry("group", group.lower(), kept, login)
    return Entry("default", "", kept, login)
