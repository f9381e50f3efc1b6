"""Which roles a viewer may carry: the most specific kind of entry decides (docs/external-oauth.md).

An entry for the person decides alone; else all entries of groups she is in together, in the administrator's order;
else the default. A person's entry without roles only says her login, and leaves the roles to the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from server.minting.terms import ANY, Terms

Kind = Literal["user", "group", "default"]
# A scope's characters (RFC 6749 section 3.3), which a role becomes part of.
ROLE_PATTERN: Final = r"^[\x21\x23-\x5b\x5d-\x7e]{1,255}$"
ROLE: Final = re.compile(ROLE_PATTERN)


@dataclass(frozen=True)
class Entry:
    """One line of the mapping; `guid` is the person's or group's, empty for the default."""

    kind: Kind
    guid: str
    roles: tuple[str, ...] | None
    login: str = ""


@dataclass(frozen=True)
class Allowed:
    """What the mapping gives a viewer: her roles, the default first, and her login where it is not her own name."""

    roles: tuple[str, ...]
    login: str = ""

    def permits(self, role: str) -> bool:
        """Whether she may carry `role`: who may have any role may have each."""
        return role in self.roles or ANY in self.roles


class RoleRefused(Exception):
    """The mapping does not let this viewer have what was asked for; the text is a sentence for her."""


def allowed(entries: Sequence[Entry], user_guid: str, groups: Collection[str]) -> Allowed:
    """What the entries, in their order, give a person who is in `groups` (GUIDs)."""
    hers = [entry for entry in entries if entry.kind == "user" and entry.guid == user_guid]
    login = next((entry.login for entry in hers if entry.login), "")
    for deciding in (
        [entry for entry in hers if entry.roles is not None],
        [entry for entry in entries if entry.kind == "group" and entry.guid in groups],
        [entry for entry in entries if entry.kind == "default"],
    ):
        if deciding:
            roles = dict.fromkeys(role for entry in deciding for role in entry.roles or ())
            return Allowed(tuple(roles), login)
    return Allowed((), login)


def chosen(given: Allowed, wanted: str, terms: Terms, label: str) -> str:
    """The role to mint for: `wanted`, or the first one where nothing is wanted. Raises RoleRefused."""
    if not given.roles:
        raise RoleRefused(
            f"No role at {label} is mapped to you. Ask an administrator of this server to add you to its role mapping."
        )
    role = wanted or given.roles[0]
    if not given.permits(role):
        may = ", ".join("any role" if each == ANY else each for each in given.roles)
        raise RoleRefused(f"You may not use the role {role} at {label}; what is mapped to you is: {may}.")
    if problem := role_problem(role, terms):
        raise RoleRefused(f"{problem} Ask an administrator of this server.")
    return role


def role_problem(role: str, terms: Terms) -> str:
    """What is wrong with a role in a mapping under these terms, as a sentence; empty if nothing is."""
    if role == ANY:
        if terms.any_role_mode == "DISABLE":
            return "Any role (*) needs the integration's any_role_mode to be ENABLE or ENABLE_FOR_PRIVILEGE."
        return ""
    if not ROLE.fullmatch(role):
        return "A role has 1 to 255 visible ASCII characters, without spaces, double quotes and backslashes."
    if terms.scope_claim == "scope" and terms.scope_delimiter in f"session:role:{role}":
        return f"The role {role} holds the character that separates scopes; choose another scope_delimiter."
    return ""
