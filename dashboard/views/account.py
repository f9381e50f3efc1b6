"""What a person sees of their own: accounts, keys and tools; and the page that reads old addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from server.pages.views import Page, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class AppLink:
    """An app that may use a connection."""

    guid: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow:
    """One connection of the looking person. `ended` says why the vendor no longer honours it, empty while it does."""

    guid: str
    integration_guid: str
    integration_name: str
    vendor: str
    vendor_label: str
    since: datetime
    account: str = ""
    takes_roles: bool = False
    role: str = ""
    """Empty for her default one at the vendor."""
    preferred: bool = False
    """The role that apps use where she chose no other."""
    renews: bool = False
    """Renewed by itself while it is used; otherwise it ends at `expires`."""
    refreshed: datetime | None = None
    expires: datetime | None = None
    ended: str = ""
    scopes: tuple[Scope, ...] = ()
    apps: tuple[AppLink, ...] = ()
    last_used: datetime | None = None
    last_app: AppLink | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleVendor:
    """An integration of a vendor with roles, at which a further role can be connected."""

    guid: str
    name: str
    vendor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LentRow:
    """Access that the looking person lends. `counts` says whether it counts now."""

    content_guid: str
    content_title: str
    integration_guid: str
    integration_name: str
    role: str
    until: datetime
    to_viewers: bool
    to_schedules: bool
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """`connections.html` at `/connections`. POST `/connections/{guid}/refresh`, `.../prefer` and `.../disconnect`."""

    page: Page
    rows: tuple[ConnectionRow, ...]
    more_roles: tuple[RoleVendor, ...] = ()
    lent: tuple[LentRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLine:
    """One row of the ledger about a connection, in a sentence."""

    time: datetime
    text: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionUses:
    """`connection_uses.html` at `/connections/{guid}`: who used it, newest first."""

    page: Page
    row: ConnectionRow
    lines: tuple[UseLine, ...]
    older: str = ""
    """The address of the next page, empty at the end."""


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
