"""What administrators see of integrations: the list, the picker, the form and the deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dashboard.fields import DrawnField
from server.pages.views import Page

AuthType = Literal["Viewer", "Service Account", "Visitor API Key"]


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
class IntegrationNew:
    """`integration_new.html` at `/integrations/new`."""

    page: Page
    vendors: tuple[VendorChoice, ...]


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
    """`integration_form.html` at `/integrations/new/{template}` (no `guid`) and `/integrations/{guid}`.

    `fields` come from `dashboard.fields.draw`. `shown_name` is the saved name, `name` what the form holds.
    Problem keys here: `name`, `description`; the fields carry their own. `problem` is about the form as a
    whole.
    """

    page: Page
    template: str
    vendor_label: str
    redirect_uri: str
    fields: tuple[DrawnField, ...]
    guide: tuple[GuideStep, ...] = ()
    guid: str = ""
    shown_name: str = ""
    name: str = ""
    description: str = ""
    auth_type: AuthType = "Viewer"
    apps: int = 0
    connections: int = 0
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
