"""The audit trail on the wire (connect-api.md 2.11): who did what, in words; it never holds a secret."""

from __future__ import annotations

import json
from typing import Any, NotRequired

from typing_extensions import TypedDict

from server.audit.store import Told
from server.db.clock import wire
from server.web.cursors import Limit, PagingObject


class AuditEntry(TypedDict):
    """One event; the server itself has the user id 0 and no GUID."""

    id: str
    time: str
    user_id: str
    user_guid: str | None
    user_description: str
    action: str
    event_description: str


class AuditPage(TypedDict):
    """A page of events."""

    paging: PagingObject
    results: list[AuditEntry]


class AuditQuery(TypedDict, total=False):
    """Which page, and in which direction; connectapi spells it `ascOrder`."""

    limit: NotRequired[Limit]
    ascOrder: NotRequired[bool]


class ActionObject(TypedDict):
    """A sort of event."""

    action: str
    description: str


def audit_entry(told: Told) -> AuditEntry:
    """One event."""
    event, user_id, name = told
    shown = (name or "").strip()
    return {
        "id": str(event.id),
        "time": wire(event.time) or "",
        "user_id": str(user_id or 0),
        "user_guid": event.actor_guid,
        "user_description": f"{shown} ({event.actor})" if shown else event.actor,
        "action": event.action,
        "event_description": described(event.action, event.data),
    }


def in_words(action: str) -> str:
    """`add_api_key` as "Add api key"."""
    return action.replace("_", " ").capitalize()


def described(action: str, data: dict[str, Any]) -> str:
    """What happened, with its facts."""
    shown = {name: value if isinstance(value, str) else json.dumps(value) for name, value in data.items()}
    facts = ", ".join(f"{name}: {value}" for name, value in shown.items())
    return f"{in_words(action)} ({facts})" if facts else in_words(action)
