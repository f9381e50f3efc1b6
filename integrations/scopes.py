"""Scopes: which a config may ask for, how a vendor spells them, and what they allow in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from integrations.roles import blocked, role_of
from integrations.schema import PLACEHOLDER, TemplateData

# RFC 6749 section 3.3: visible ASCII without the double quote and the backslash.
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
# Scopes that OpenID Connect defines: they belong to no resource.
OF_OPENID: Final = frozenset({"openid", "profile", "email", "offline_access"})
_KEEP: Final = "Keep the connection until you end it"
# OpenID Connect Core 5.4 and 11; Snowflake and Salesforce spell offline_access as refresh_token.
_OF_THE_STANDARD: Final[Mapping[str, str]] = {
    "openid": "Know that it is you",
    "profile": "See your name there",
    "email": "See your e-mail address there",
    "offline_access": _KEEP,
    "refresh_token": _KEEP,
}


def in_words(data: TemplateData, scope: str) -> str | None:
    """What a scope allows, or None if neither the template nor a standard says."""
    if data.roles is not None and (role := role_of(data.roles, scope)):
        return f"Act in the role {role}"
    words = data.scope_words.get(scope) or _OF_THE_STANDARD.get(scope)
    if words is None and data.quirks.scope_resource:
        words = data.scope_words.get(scope.rpartition("/")[2])  # the resource before it is the template's own
    return words


def with_resource(data: TemplateData, config: Mapping[str, object], scopes: list[str]) -> list[str]:
    """Scopes that name no resource get the template's before them, as Entra wants it."""
    resource = data.quirks.scope_resource
    if not resource:
        return scopes
    for name in PLACEHOLDER.findall(resource):
        value = str(config.get(name) or "")
        resource = resource.replace(f"{{{name}}}", urlsplit(value).netloc if "://" in value else value)
    return [scope if scope in OF_OPENID or "/" in scope else f"{resource}/{scope}" for scope in scopes]


def scopes_problem(data: TemplateData, value: str, auth_type: str, config: Mapping[str, object]) -> str | None:
    """What is wrong with a list of scopes, as a predicate, or None."""
    given = value.split()
    if not all(_SCOPE.fullmatch(scope) for scope in given):
        return "must list scopes separated by spaces, without quotes or backslashes"
    if problem := _role_problem(data, given):
        return problem
    scopes = with_resource(data, config, given)
    suffix = data.quirks.service_account_scope_suffix
    if auth_type == "Service Account" and suffix:
        kept = [scope for scope in scopes if scope not in data.quirks.service_account_drops]
        if not kept or not all(scope.endswith(suffix) for scope in kept):
            return f"must name one resource followed by {suffix} for a service account"
    return _resource_problem(scopes) if data.quirks.one_resource else None


def _role_problem(data: TemplateData, scopes: list[str]) -> str | None:
    if data.roles is None:
        return None
    if refused := next((scope for scope in scopes if scope in data.roles.refused_scopes), None):
        return f"must not name {refused}: {data.name} refuses it, and with it the whole connection"
    roles = [role for scope in scopes if (role := role_of(data.roles, scope)) is not None]
    if len(roles) > 1:
        return "must name one role at most; people can have a connection for each of several roles"
    sentence = next((sentence for role in roles if (sentence := blocked(data, role))), None)
    return f"names a role that cannot be used. {sentence}" if sentence else None


def _resource_problem(scopes: list[str]) -> str | None:
    """Entra gives a token for the first resource only, and /.default stands for everything of one."""
    own = [scope for scope in scopes if scope not in OF_OPENID]
    if len({scope.rpartition("/")[0].lower() for scope in own}) > 1:
        return "must name scopes of one resource only: a token is for one, and the others would be dropped"
    if len(own) > 1 and any(scope.endswith("/.default") for scope in own):
        return "must not name other scopes of the resource beside its /.default, which stands for all of them"
    return None
