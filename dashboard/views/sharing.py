"""What the Sharing tab of one content item shows: loans of the owner's access, and share links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dashboard.views.content import ContentHead
from server.pages.views import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Lendable:
    """One integration that acts for viewers, and what is lent of it.

    `lender` is empty where nothing is lent; `ended` says in a sentence why a loan does not count, `may_end` whether
    the looking person may take it back. `may_lend`: the looking person owns the content and is connected;
    `connect_first`: she owns it and is not.
    """

    guid: str
    name: str
    vendor: str
    vendor_label: str
    lender: str = ""
    role: str = ""
    until: datetime | None = None
    to_viewers: bool = False
    to_schedules: bool = False
    ended: str = ""
    may_lend: bool = False
    connect_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """One share link; its address cannot be shown again."""

    guid: str
    name: str
    created: datetime
    expires: datetime
    last_used: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSharing:
    """`content_sharing.html` at `/apps/{guid}/sharing`.

    `new_link` is the address of a link that was just made, shown this once. `no_links` says why there can be none.
    Problem keys: `link_name`, `link_days`, and `loan-` with an integration's GUID.
    """

    page: Page
    content: ContentHead
    owner: str
    is_owner: bool
    lendable: tuple[Lendable, ...]
    links: tuple[LinkRow, ...]
    now: datetime
    no_links: str = ""
    new_link: str = ""
    new_name: str = ""
    typed_name: str = ""
    typed_days: str = "30"
    problems: Mapping[str, str] = field(default_factory=dict)
