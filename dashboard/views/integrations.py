"""What administrators see of integrations: the list, the picker, the form, its trial, and the deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dashboard.fields import DrawnField
from server.pages.views import Page

AuthType = Literal["Viewer", "Service Account", "Visitor API Key"]


Tab = Literal["overview", "tokens", "settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthBadge:
    """How an integration fares, in one word and a sentence; `secret` is a word of server.health.policy."""

    state: Literal["ok", "broken", "unused"]
    summary: str
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationHead:
    """What all pages of one integration have on top."""

    guid: str
    name: str
    vendor: str
    vendor_label: str
    auth_type: AuthType
    description: str = ""
    apps: int = 0
    connections: int = 0
    tab: Tab = "overview"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationRow:
    """One row of the integrations table."""

    guid: str
    name: str
    vendor: str
    vendor_label: str
    auth_type: AuthType
    changed: datetime
    apps: int = 0
    connections: int = 0
    description: str = ""
    health: HealthBadge | None = None
    """None for those who may not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrations:
    """`integrations.html` at `/integrations`; publishers see it read only (`may_manage` false)."""

    page: Page
    rows: tuple[IntegrationRow, ...]
    may_manage: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorChoice:
    """One template on the page that asks which system to integrate."""

    template: str
    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorGroup:
    """Systems of one sort."""

    name: str
    vendors: tuple[VendorChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationNew:
    """`integration_new.html` at `/integrations/new`; `query` is what `?q=` narrowed it by."""

    page: Page
    groups: tuple[VendorGroup, ...]
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideStep:
    """One step of the set-up guide beside the form; `snippet` is a ready SQL or CLI line to copy.

    `shown_when` is JSON as in `DrawnField`; `hidden` says whether it applies to what the form holds now.
    """

    title: str
    text: str
    snippet: str = ""
    shown_when: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationForm:
    """`integration_form.html` at `/integrations/new/{template}` (no `head`) and `/integrations/{guid}/settings`.

    `fields` come from `dashboard.fields.draw`. `secret_ends` is a day such as 2027-01-31. Problem keys here: `name`,
    `description`, `ends`; the fields carry their own. `problem` is about the form as a whole.
    """

    page: Page
    template: str
    vendor_label: str
    redirect_uri: str
    fields: tuple[DrawnField, ...]
    guide: tuple[GuideStep, ...] = ()
    head: IntegrationHead | None = None
    name: str = ""
    description: str = ""
    auth_type: AuthType = "Viewer"
    secret_ends: str = ""
    has_secret: bool = False
    minted: bool = False
    own_callback: bool = False
    one_account: bool = False
    problem: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def provider(self) -> str:
        """What to call the other side in a sentence; "Custom" is no name of anybody."""
        return "the provider" if self.template == "custom" else self.vendor_label


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationDelete:
    """`integration_delete.html` at GET `/integrations/{guid}/delete`.

    The POST carries `confirm`, the typed name.
    """

    page: Page
    guid: str
    name: str
    vendor: str
    apps: int
    people: int
    app_titles: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedView:
    """`integration_tried.html`, a fragment: how a trial went; `good` is None where that does not show."""

    page: Page
    good: bool | None
    words: str
