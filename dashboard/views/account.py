"""What a person sees of their own: accounts, keys and tools; and the page that reads old addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from server.pages.views import Page


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
class ToolRow:
    """One tool that the looking person signed in. `name` is what the tool calls itself."""

    kind: Literal["sign-in", "claim"]
    """How it signed in: through the browser or with a code, or with a key of its own."""
    guid: str
    name: str
    since: datetime
    ends: datetime
    """When it ends if it is not used."""
    address: str = ""
    last_used: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInTools:
    """`tools.html` at `/tools`. POST `/tools/{kind}/{guid}/sign-out`."""

    page: Page
    rows: tuple[ToolRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HashRedirect:
    """`connect_hash.html` at `/connect/`.

    The old dashboard kept addresses after a `#`, which only a script can read.
    """

    page: Page
