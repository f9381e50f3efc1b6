"""The roles of a vendor that a connection can be made for, and the scopes they are asked for by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote

from integrations.schema import Roles, TemplateData

LONGEST_ROLE: Final = 255
# What a role's name may be made of without being percent-encoded in its scope.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_$.-]+")


def role_problem(data: TemplateData, role: str) -> str | None:
    """Why no connection can be made for this role, as a sentence, or None. "" stands for no role of its own."""
    if not role:
        return None
    if data.roles is None:
        return f"{data.name} has no roles to choose from."
    if len(role) > LONGEST_ROLE:
        return f"The name of a role has at most {LONGEST_ROLE} characters."
    if not role.isprintable() or role != role.strip():
        return "The name of a role is written on one line, without spaces around it."
    if not _PLAIN.fullmatch(role) and not data.roles.encoded_scope:
        return "The name of a role is made of letters, digits and the characters _ $ . - here."
    return blocked(data, role)


def blocked(data: TemplateData, role: str) -> str | None:
    """The sentence that says that the vendor gives this role to no client, or None."""
    roles = data.roles
    if roles is None or role.upper() not in {name.upper() for name in roles.blocked}:
        return None
    return f"{data.name} never lets a connection use the role {role}. {roles.blocked_reason}".strip()


def role_scope(roles: Roles, role: str) -> str:
    """The scope that asks for a role, its case kept."""
    if _PLAIN.fullmatch(role):
        return roles.scope.replace("{role}", role)
    return roles.encoded_scope.replace("{role}", quote(role, safe=""))


def role_of(roles: Roles, scope: str) -> str | None:
    """The role that a scope asks for, or None for any other scope."""
    plain, encoded = roles.scope.removesuffix("{role}"), roles.encoded_scope.removesuffix("{role}")
    if scope.startswith(plain):
        return scope.removeprefix(plain)
    return unquote(scope.removeprefix(encoded)) if encoded and scope.startswith(encoded) else None


def without_role(roles: Roles, scopes: Iterable[str]) -> list[str]:
    """The scopes without those that ask for a role."""
    return [scope for scope in scopes if role_of(roles, scope) is None]
