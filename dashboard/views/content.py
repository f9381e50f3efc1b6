"""What the tabs of one content item show: Info, Access and Logs; views.sharing has the fourth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dashboard.thumbnail import Thumbnail
from dashboard.views.home import Health, kind_label
from dashboard.views.integrations import AuthType
from server.pages.views import Page

AccessType = Literal["all", "logged_in", "acl"]
MOST_VISITS = 10_000
PersonRole = Literal["owner", "collaborator", "viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentHead:
    """The top of the tabs of one content item."""

    guid: str
    title: str
    kind: str
    owner: str
    health: Health
    tab: Literal["info", "access", "sharing", "logs"]
    may_edit: bool
    as_you: bool = False

    @property
    def kind_label(self) -> str:
        return kind_label(self.kind)


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag with the names of what is above it, its category first."""

    id: str
    name: str
    above: tuple[str, ...]

    @property
    def below_category(self) -> str:
        """The way to it from its category: `Sales › North`."""
        return " › ".join((*self.above[1:], self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What describes an item beside its title. Problem keys: `path`, `tag_id`, `picture`.

    `path` is the path of its own with its slashes, `typed_path` what the field holds; `choices` are the tags it
    does not carry; `picture` names the picture's bytes and is empty where it has none.
    """

    path: str = ""
    typed_path: str = ""
    tags: tuple[TagView, ...] = ()
    choices: tuple[TagView, ...] = ()
    picture: str = ""
    drawing: Thumbnail

    @property
    def categories(self) -> tuple[tuple[str, tuple[TagView, ...]], ...]:
        """The choices by category, both in the order of the tree."""
        names = dict.fromkeys(one.above[0] for one in self.choices)
        return tuple((name, tuple(one for one in self.choices if one.above[0] == name)) for name in names)


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
    rendered: datetime | None = None
    """When what is shown was rendered; there is a button to render it again then."""
    visits: int = 0
    """Of the last 30 days; counting stops at `MOST_VISITS`."""
    failure: str = ""
    """Why the newest deploy or start failed, one sentence; empty when all is well."""
    labels: Labels
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def visits_label(self) -> str:
        if self.visits >= MOST_VISITS:
            return f"{MOST_VISITS:,} or more"
        return f"{self.visits:,}" if self.visits else "None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One row of the people list. The owner's row has no `id` and cannot be removed. A group has no `username`."""

    id: str
    name: str
    username: str
    role: PersonRole
    members: int = 0
    """How many people are in a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChoice:
    """A suggestion of the *Add a person or group* field."""

    username: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedIntegration:
    """An association: the panel of one integration on the Access tab.

    `connected`, `account` and `since` tell of the *looking person's own* connection (viewer integrations
    only).
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
    takes_roles: bool = False
    role: str = ""
    """The vendor role that is pinned for everybody; empty: each viewer chooses."""


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
    """`content_access.html` at `/apps/{guid}/access`; `?add=integration` (no JavaScript) opens the dialog.

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
    typed_role: PersonRole = "viewer"
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def personal(self) -> tuple[UsedIntegration, ...]:
        """The associated viewer integrations: while there are any, nobody may look without signing in."""
        return tuple(used for used in self.integrations if used.auth_type == "Viewer")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of output, or (`tabard`) one of the server's own words about a run."""

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

    `/apps/{guid}/logs/tail?after=&instance=&stream=&q=` answers `log_tail.html` of the same view with only
    the new lines, or 204 when there are none. `last` says how far was read, matching the filter or not; it
    is what `after` carries.
    """

    page: Page
    content: ContentHead
    lines: tuple[LogLine, ...]
    last: str = ""
    instances: tuple[InstanceChoice, ...] = ()
    instance: str = ""
    stream: Literal["", "stdout", "stderr", "tabard"] = ""
    query: str = ""
