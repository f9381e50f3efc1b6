"""The audit trail on a page for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from server.pages.views import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One event. `facts` are the rest of what is known of it, by name."""

    time: datetime
    text: str
    actor: str
    action: str
    """What this sort of event is called."""
    address: str = ""
    seq: int | None = None
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """A restriction that a link brought, such as to one connection, and the address without it."""

    name: str
    value: str
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """`activity.html` at `/activity`. `since` and `until` are days as they were typed."""

    page: Page
    rows: tuple[EventRow, ...]
    actions: tuple[tuple[str, str], ...]
    """Sorts of events: name and words."""
    query: str = ""
    action: str = ""
    since: str = ""
    until: str = ""
    problem: str = ""
    only: tuple[Only, ...] = ()
    newer: str = ""
    older: str = ""
    export: str = "/__api__/v1/audit/export"

    @property
    def narrowed(self) -> bool:
        """Whether anything is looked for."""
        return bool(self.query or self.action or self.since or self.until or self.only)
