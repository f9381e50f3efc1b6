"""What administrators see of one integration: how it fares, what came when they tried it, who uses it, who may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dashboard.views.account import AppLink
from dashboard.views.integrations import HealthBadge, IntegrationHead
from server.pages.views import Page

Kind = Literal["viewer", "service", "minted", "visitor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How renewals went in a span; `percent` is empty where nothing was tried."""

    percent: str
    succeeded: int
    failed: int
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPanel:
    """The whole health. `skew` is a sentence, empty where the clocks agree; so is `drift`."""

    badge: HealthBadge
    day: Rate
    week: Rate
    last_success: datetime | None = None
    last_error: datetime | None = None
    error: str = ""
    secret_ends: datetime | None = None
    days_left: int | None = None
    second_stored: bool = False
    accepted: Literal["first", "second", ""] = ""
    skew: str = ""
    drift: str = ""
    connected: int = 0
    again: int = 0
    """Connections that have to be made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConnection:
    """What came when the looking administrator connected. `lives` is how long a token does, in words."""

    guid: str
    account: str
    role: str
    scopes: tuple[str, ...]
    missing: tuple[str, ...]
    lives: str
    renews: bool
    lasting_scope: str
    """The scope that asks for lasting connections at this vendor."""
    since: datetime
    ended: str = ""
    """Why it has to be made again; empty while it is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedEntry:
    """A person or a group that may use it."""

    guid: str
    name: str
    username: str = ""
    members: int = 0
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationOverview:
    """`integration.html` at `/integrations/{guid}`. Problem key: `username`, of the form that lets somebody use it."""

    page: Page
    head: IntegrationHead
    kind: Kind
    health: HealthPanel
    own: tuple[OwnConnection, ...] = ()
    allowed: tuple[AllowedEntry, ...] = ()
    apps: tuple[AppLink, ...] = ()
    apps_total: int = 0
    typed_username: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
