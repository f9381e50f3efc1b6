"""What each screen of the dashboard shows, as frozen dataclasses: everything a template reads is named here.

Times are aware datetimes; words an app, a person or a vendor wrote are plain text (templates escape them). The forms'
addresses are fixed in the templates; a form that was refused is drawn again with `problems` (field → sentence) and
what had been typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dashboard.fields import DrawnField
from dashboard.thumbnail import Thumbnail, thumbnail
from server.pages.views import Contact, Page

AuthType = Literal["Viewer", "Service Account", "Visitor API Key"]
AccessType = Literal["all", "logged_in", "acl"]
PersonRole = Literal["owner", "collaborator", "viewer"]
Health = Literal["running", "idle", "starting", "failed", "never_deployed"]

KINDS = {
    "python-streamlit": "Streamlit",
    "python-panel": "Panel",
    "python-dash": "Dash",
    "python-bokeh": "Bokeh",
    "python-gradio": "Gradio",
    "python-shiny": "Shiny",
    "python-fastapi": "FastAPI",
    "python-api": "Python API",
    "jupyter-voila": "Voilà",
    "jupyter-static": "Notebook",
    "quarto-static": "Quarto",
    "static": "Static files",
}


def kind_label(kind: str) -> str:
    """The name people know a kind by: `python-streamlit` → `Streamlit`; an unknown kind stays as it is."""
    return KINDS.get(kind, kind or "Not published yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCard:
    """One item on Home. `mine` shows the settings link (owner, collaborator, administrator)."""

    guid: str
    title: str
    kind: str
    owner: str
    health: Health
    as_you: bool = False
    """A viewer integration is associated: it acts in the name of whoever looks."""
    mine: bool = False
    version: str = ""
    last_visit: datetime | None = None

    @property
    def thumbnail(self) -> Thumbnail:
        return thumbnail(self.kind, self.title)

    @property
    def kind_label(self) -> str:
        return kind_label(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """`home.html` at `/`; its grid alone is `home_cards.html` at `/home/cards?q=&view=`.

    `query` and `layout` echo `?q=` and `?view=table`. `askable` are people a viewer may ask when the list is empty.
    """

    page: Page
    cards: tuple[ContentCard, ...]
    query: str = ""
    layout: Literal["cards", "table"] = "cards"
    total: int = 0
    """How many items there are without the search."""
    askable: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentHead:
    """The top of the three tabs of one content item."""

    guid: str
    title: str
    kind: str
    owner: str
    health: Health
    tab: Literal["info", "access", "logs"]
    may_edit: bool
    as_you: bool = False

    @property
    def kind_label(self) -> str:
        return kind_label(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentInfo:
    """`content_info.html` at `/apps/{guid}/info`. `title` and `description` are what the form holds."""

    page: Page
    content: ContentHead
    title: str
    description: str
    url: str
    """Full address of the content itself."""
    created: datetime
    deployed: datetime | None = None
    python_version: str = ""
    bundle: str = ""
    """Id of the active bundle; empty before the first deploy."""
    bundle_size: int = 0
    """Bytes."""
    environment_variables: tuple[str, ...] = ()
    """Names only: values are never shown again."""
    failure: str = ""
    """Why the newest deploy or start failed, one sentence; empty when all is well."""
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One row of the people list. The owner's row has no `id` and cannot be removed."""

    id: str
    name: str
    username: str
    role: PersonRole


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChoice:
    """A suggestion of the *Add a person* field."""

    username: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedIntegration:
    """An association: the panel of one integration on the Access tab.

    `connected`, `account` and `since` tell of the *looking person's own* connection (viewer integrations only).
    """

    guid: str
    name: str
    vendor: str
    vendor_label: str
    auth_type: AuthType
    description: str = ""
    connected: bool = False
    account: str = ""
    since: datetime | None = None
    connection_guid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationChoice:
    """One integration the *Add integration* dialog offers; `refusal` says why it cannot be chosen."""

    guid: str
    name: str
    vendor: str
    vendor_label: str
    auth_type: AuthType
    description: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentAccess:
    """`content_access.html` at `/apps/{guid}/access`; `?add=integration` (no JavaScript) draws the dialog open.

    Problem keys: `username`, `access_type`, `integration_guid`.
    """

    page: Page
    content: ContentHead
    access_type: AccessType
    accounts: int
    """How many people have an account on this server: the consequence of "All signed-in people"."""
    people: tuple[Permission, ...]
    candidates: tuple[PersonChoice, ...] = ()
    integrations: tuple[UsedIntegration, ...] = ()
    available: tuple[IntegrationChoice, ...] = ()
    adding: bool = False
    typed_username: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def personal(self) -> tuple[UsedIntegration, ...]:
        """The associated viewer integrations: while there are any, nobody may look without signing in."""
        return tuple(used for used in self.integrations if used.auth_type == "Viewer")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of output. `number` grows by one a line and is what `?after=` counts."""

    number: int
    at: datetime
    stream: Literal["stdout", "stderr", "tabard"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceChoice:
    """One running or ended instance in the *Instance* list."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLogs:
    """`content_logs.html` at `/apps/{guid}/logs?instance=&stream=&q=`.

    `/apps/{guid}/logs/tail?after=N&instance=&stream=&q=` answers `log_tail.html` of the same view with only the new
    lines, or 204 when there are none. `last` is the number of the newest line looked at, matching the filter or not.
    """

    page: Page
    content: ContentHead
    lines: tuple[LogLine, ...]
    last: int = 0
    instances: tuple[InstanceChoice, ...] = ()
    instance: str = ""
    stream: Literal["", "stdout", "stderr", "tabard"] = ""
    query: str = ""


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
    """One step of the set-up guide beside the form; `snippet` is a ready SQL or CLI line to copy."""

    title: str
    text: str
    snippet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationForm:
    """`integration_form.html` at `/integrations/new/{template}` (no `guid`) and `/integrations/{guid}`.

    `fields` come from `dashboard.fields.draw`. `tested` is the outcome of *Test* (service accounts only).
    Problem keys here: `name`, `description`; the fields carry their own. `problem` is about the form as a whole.
    """

    page: Page
    template: str
    vendor_label: str
    redirect_uri: str
    fields: tuple[DrawnField, ...]
    guide: tuple[GuideStep, ...] = ()
    guid: str = ""
    name: str = ""
    description: str = ""
    auth_type: AuthType = "Viewer"
    apps: int = 0
    connections: int = 0
    tested: Literal["", "passed", "failed"] = ""
    tested_words: str = ""
    problem: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationDelete:
    """`integration_delete.html` at GET `/integrations/{guid}/delete`; the POST carries `confirm`, the typed name."""

    page: Page
    guid: str
    name: str
    vendor: str
    apps: int
    people: int
    app_titles: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppLink:
    """An app that may use a connection."""

    guid: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow:
    """One connection of the looking person. `ended` when the vendor no longer honours it: connect again."""

    guid: str
    integration_guid: str
    integration_name: str
    vendor: str
    vendor_label: str
    since: datetime
    account: str = ""
    renews: bool = False
    """Renewed by itself while it is used; otherwise it ends at `expires`."""
    expires: datetime | None = None
    ended: bool = False
    apps: tuple[AppLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """`connections.html` at `/connections`."""

    page: Page
    rows: tuple[ConnectionRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One API key, without its secret."""

    id: str
    name: str
    created: datetime
    expires: datetime | None = None
    last_used: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """`keys.html` at `/keys`. POST `/keys` carries `name` and `expires_days` ("", "30", "90", "365").

    `new_key` is the secret just made, shown this once; answer such a page with `Cache-Control: no-store`.
    """

    page: Page
    keys: tuple[KeyRow, ...]
    now: datetime
    new_key: str = field(default="", repr=False)
    new_name: str = ""
    typed_name: str = ""
    typed_days: str = "90"
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashRedirect:
    """`connect_hash.html` at `/connect/`: the old dashboard kept addresses after a `#`, which only a script can read."""

    page: Page


Screen = (
    Home
    | ContentInfo
    | ContentAccess
    | ContentLogs
    | Integrations
    | IntegrationNew
    | IntegrationForm
    | IntegrationDelete
    | Connections
    | Keys
    | HashRedirect
)
