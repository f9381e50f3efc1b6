"""What each kind of field accepts; every answer is a predicate that names the fix and repeats no value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from integrations.addresses import is_loopback_host
from integrations.endpoints import check_endpoint, host_problem
from integrations.entries import TextField
from integrations.key_files import certificate_problem, private_key_problem
from integrations.parameters import read_parameters
from integrations.schema import TemplateData
from integrations.scopes import scopes_problem

LONGEST_LIFETIME: Final = 366 * 24 * 3600
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_DOMAIN: Final = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*")
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True)
class Asked:
    """What a value is checked in the light of: the template, the values beside it, and what is allowed here."""

    data: TemplateData
    config: Mapping[str, object]
    auth_type: str
    allow_local: bool


def check(entry: TextField, value: str, asked: Asked) -> str | None:
    """What the field's own check says against a value, as a predicate, or None."""
    found = _CHECKS.get(entry.check)
    return found(entry, value, asked) if found else None


def origin(value: str) -> str:
    """The origin a host field stands for: ``https://`` is added to a bare host, one trailing slash dropped."""
    whole = value if "://" in value else f"https://{value}"
    parts = urlsplit(whole.removesuffix("/"))
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _endpoint(_entry: TextField, value: str, asked: Asked) -> str | None:
    return check_endpoint(value, allow_local=asked.allow_local)


def _host(entry: TextField, value: str, asked: Asked) -> str | None:
    """What is wrong with a vendor's host, given as a bare host or as its https address (security O-17)."""
    whole = (value if "://" in value else f"https://{value}").removesuffix("/")
    bare = whole.partition("://")[2]
    if not bare or set("/?#@\\% ") & set(bare):
        return "must be only a host name, with nothing before or after it"
    if problem := check_endpoint(whole, allow_local=asked.allow_local):
        return problem
    parts = urlsplit(whole)
    host = parts.hostname or ""
    if asked.allow_local and is_loopback_host(host):
        return None
    if "_" in host:
        return "must write hyphens in place of underscores; underscores are not valid in a host name"
    if not entry.host_suffixes:
        return None if "." in host or asked.allow_local else "must be a complete host name, with its domain"
    listed = any(host == suffix or host.endswith("." + suffix) for suffix in entry.host_suffixes)
    if not listed or parts.port is not None:
        return f"must be a host in {' or '.join(entry.host_suffixes)}; for another host use the Custom template"
    return None


def _tenant(_entry: TextField, value: str, _asked: Asked) -> str | None:
    """A directory is named by its GUID or by one of its domains; shared names such as common are not one."""
    if _GUID.fullmatch(value):
        return None
    if not _DOMAIN.fullmatch(value) or host_problem(value):
        return "must be the directory (tenant) ID or a domain name of the directory"
    return None


def _identifier(_entry: TextField, value: str, _asked: Asked) -> str | None:
    if _IDENTIFIER.fullmatch(value):
        return None
    return "must be an identifier of letters, digits, dots and hyphens, as the provider shows it"


def _scopes(_entry: TextField, value: str, asked: Asked) -> str | None:
    return scopes_problem(asked.data, value, asked.auth_type, asked.config)


def _parameters(_entry: TextField, value: str, _asked: Asked) -> str | None:
    return read_parameters(value)[1]


def _seconds(_entry: TextField, value: str, _asked: Asked) -> str | None:
    if value.isascii() and value.isdigit() and 1 <= int(value[:12]) <= LONGEST_LIFETIME:
        return None
    return f"must be a number of seconds from 1 to {LONGEST_LIFETIME}"


def _hosts(_entry: TextField, value: str, _asked: Asked) -> str | None:
    if any(host_problem(host) for host in value.replace(",", " ").split()):
        return "must list host names, separated by spaces"
    return None


_CHECKS: Final[Mapping[str, Callable[[TextField, str, Asked], str | None]]] = {
    "endpoint": _endpoint,
    "host": _host,
    "tenant": _tenant,
    "identifier": _identifier,
    "scopes": _scopes,
    "parameters": _parameters,
    "seconds": _seconds,
    "hosts": _hosts,
    "private_key": lambda _entry, value, asked: private_key_problem(value, asked.data.quirks.assertion_alg),
    "certificate": lambda _entry, value, _asked: certificate_problem(value),
}
