"""What the page of an integration's tokens shows: an inspected token, the role mapping, keys and statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dashboard.views.integrations import IntegrationHead
from server.pages.views import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim of a token, or one part of its header; `words` say a time."""

    name: str
    value: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One requirement of a warehouse."""

    claim: str
    met: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A token that was looked into. `advice`: nobody requires what is not met."""

    whose: str
    fingerprint: str
    opaque: bool
    advice: bool
    header: tuple[Claim, ...] = ()
    claims: tuple[Claim, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """One entry of the role mapping; `name` is empty for everybody else, `roles` None where others decide."""

    kind: str
    guid: str
    name: str
    roles: tuple[str, ...] | None
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A signing key: `state` is next, active or old."""

    kid: str
    state: str
    bits: int
    created: datetime
    used: datetime | None
    keep_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationTokens:
    """`integration_tokens.html` at `/integrations/{guid}/tokens`.

    `issuer` is empty where this server signs nothing, `statement` where there is no warehouse to run it in. Problem
    keys: `who`, `roles`, `login`, `inspect`.
    """

    page: Page
    head: IntegrationHead
    may_inspect: bool
    inspected: Inspected | None = None
    issuer: str = ""
    issuer_path: str = ""
    statement: str = ""
    keys_statement: str = ""
    keys: tuple[KeyRow, ...] = ()
    maps_roles: bool = False
    mapping: tuple[RoleRow, ...] = ()
    has_default: bool = False
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
