"""Turns what an administrator typed into a complete, checked configuration, or says everything wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import urlsplit

from integrations.addresses import is_loopback_host
from integrations.contract import AuthType
from integrations.endpoints import check_endpoint, host_problem
from integrations.schema import SECOND_SECRET, Option, TemplateData, TextField, visible

_LONGEST_VALUE: Final = 4096
# RFC 6749 section 3.3: visible ASCII without the double quote and the backslash.
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_DOMAIN: Final = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*")
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a config: the key, and a sentence that names the fix and repeats no value."""

    field: str
    message: str


class ConfigProblems(ValueError):
    """Everything wrong with a config at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Settled:
    """A complete config: defaults filled in, switches as booleans, secrets kept apart."""

    config: dict[str, str | bool]
    secrets: dict[str, str] = field(repr=False)
    auth_type: AuthType


def settle(data: TemplateData, given: Mapping[str, object], *, allow_local: bool) -> Settled:
    """Check ``given`` against the template. Raises ConfigProblems.

    Empty values count as absent. Values of entries that the chosen options hide are checked for their type
    only and then left out: a public client keeps no secret, a service account no authorization address.
    """
    problems: list[Problem] = []
    values = _known(data, given, problems)
    chosen = _options(data, values, problems)
    wrong = {problem.field for problem in problems}
    config: dict[str, str | bool] = {
        option.name: chosen[option.name] for option in data.options if visible(option.visibility_expression, chosen)
    }
    secrets: dict[str, str] = {}
    auth_type = cast(AuthType, data.auth_type or chosen["auth_type"])
    for entry in data.fields:
        if entry.name in wrong or not visible(entry.visibility_expression, chosen):
            continue
        value = values.get(entry.name) or entry.default
        if message := _field_problem(data, entry, value, auth_type, allow_local=allow_local):
            problems.append(Problem(entry.name, f"The config key {entry.name} {message}"))
        elif value:
            (secrets if entry.secret else config)[entry.name] = value
    if problems:
        raise ConfigProblems(problems)
    if secrets.get(SECOND_SECRET) == secrets.get("client_secret"):
        secrets.pop(SECOND_SECRET, None)  # the rotation is over
    return Settled(config, secrets, auth_type)


def _known(data: TemplateData, given: Mapping[str, object], problems: list[Problem]) -> dict[str, str]:
    """The given values as trimmed strings; unknown keys and wrong types become problems."""
    entries = {entry.name: entry for entry in [*data.options, *data.fields]}
    values: dict[str, str] = {}
    for key, value in given.items():
        entry = entries.get(key)
        if entry is None:
            shown = key if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", key) else "given"
            known = ", ".join(sorted(entries))
            problems.append(Problem(key, f"The config key {shown} is unknown; {data.name} takes ({known})"))
        elif value is None:
            continue
        elif isinstance(value, bool) and isinstance(entry, Option) and entry.type == "bool":
            values[key] = "true" if value else "false"
        elif isinstance(value, str):
            # A secret is taken as it is: a blank at its end may be part of it.
            values[key] = value if isinstance(entry, TextField) and entry.secret else value.strip()
        else:
            problems.append(Problem(key, f"The config key {key} must be a string"))
    return values


def _options(data: TemplateData, values: Mapping[str, str], problems: list[Problem]) -> dict[str, str | bool]:
    """Every option's value; what is not allowed becomes a problem, and its default stands in."""
    chosen: dict[str, str | bool] = {}
    for option in data.options:
        value = values.get(option.name) or option.default
        if option.type == "bool":
            value = value.lower()
        if value not in option.allowed:
            allowed = ", ".join(option.allowed)
            problems.append(Problem(option.name, f"The config key {option.name} must be one of ({allowed})"))
            value = option.default
        chosen[option.name] = (value == "true") if option.type == "bool" else value
    return chosen


def _field_problem(
    data: TemplateData, entry: TextField, value: str, auth_type: str, *, allow_local: bool
) -> str | None:
    """What is wrong with one text, as a predicate, or None."""
    if not value:
        return "is required" if entry.required else None
    if len(value) > _LONGEST_VALUE:
        return f"must be at most {_LONGEST_VALUE} characters long"
    if not value.isprintable() and not entry.multiline:
        return "must not contain line breaks or control characters"
    if problem := _check_problem(data, entry, value, auth_type, allow_local=allow_local):
        return problem
    if entry.validation and not re.fullmatch(entry.validation, value):
        return entry.validation_description or "has a value of the wrong form"
    return None


def _check_problem(
    data: TemplateData, entry: TextField, value: str, auth_type: str, *, allow_local: bool
) -> str | None:
    """What the field's own check says against a value, as a predicate, or None."""
    if entry.check == "endpoint":
        return check_endpoint(value, allow_local=allow_local)
    if entry.check == "host":
        return _host_problem(value, entry.host_suffixes, allow_local=allow_local)
    if entry.check == "tenant":
        return _tenant_problem(value)
    if entry.check == "scopes":
        return _scopes_problem(data, value, auth_type)
    if entry.check == "identifier" and not _IDENTIFIER.fullmatch(value):
        return "must be an identifier of letters, digits, dots and hyphens, as the provider shows it"
    return None


def origin(value: str) -> str:
    """The origin a host field stands for: ``https://`` is added to a bare host, one trailing slash dropped."""
    whole = value if "://" in value else f"https://{value}"
    parts = urlsplit(whole.removesuffix("/"))
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _host_problem(value: str, suffixes: list[str], *, allow_local: bool) -> str | None:
    """What is wrong with a vendor's host, given as a bare host or as its https address (security O-17)."""
    whole = (value if "://" in value else f"https://{value}").removesuffix("/")
    bare = whole.partition("://")[2]
    if not bare or set("/?#@\\% ") & set(bare):
        return "must be only a host name, with nothing before or after it"
    if problem := check_endpoint(whole, allow_local=allow_local):
        return problem
    parts = urlsplit(whole)
    host = parts.hostname or ""
    if allow_local and is_loopback_host(host):
        return None
    if "_" in host:
        return "must write hyphens in place of underscores; underscores are not valid in a host name"
    listed = any(host == suffix or host.endswith("." + suffix) for suffix in suffixes)
    if not listed or parts.port is not None:
        return f"must be a host in {' or '.join(suffixes)}; for another host use the Custom template"
    return None


def _tenant_problem(value: str) -> str | None:
    """A directory is named by its GUID or by one of its domains; shared names such as common are not one."""
    if _GUID.fullmatch(value):
        return None
    if not _DOMAIN.fullmatch(value) or host_problem(value):
        return "must be the directory (tenant) ID or a domain name of the directory"
    return None


def _scopes_problem(data: TemplateData, value: str, auth_type: str) -> str | None:
    scopes = value.split()
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        return "must list scopes separated by spaces, without quotes or backslashes"
    suffix = data.quirks.service_account_scope_suffix
    if auth_type == "Service Account" and suffix:
        kept = [scope for scope in scopes if scope not in data.quirks.service_account_drops]
        if not kept or not all(scope.endswith(suffix) for scope in kept):
            return f"must name one resource followed by {suffix} for a service account"
    return None
