"""The audit trail on the wire (connect-api.md 2.11): who did what, in words; it never holds a secret."""

from __future__ import annotations

import json
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from server.audit.store import Told
from server.audit.verify import WRITTEN, Verdict
from server.db.clock import wire
from server.web.cursors import Limit, PagingObject
from server.web.described import Guid, Moment

# What sorts of events are called.
ACTION = "[a-z_]{1,64}"


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


class FilterQuery(TypedDict, total=False):
    """Which events: by whom or about whose access, about what, of which sort, from when and before when."""

    user: NotRequired[Guid]
    content: NotRequired[Guid]
    integration: NotRequired[Guid]
    connection: NotRequired[Guid]
    action: NotRequired[Annotated[str, Field(pattern=f"^{ACTION}$")]]
    since: NotRequired[Moment]
    until: NotRequired[Moment]


class AuditQuery(FilterQuery, total=False):
    """Which page, and in which direction; connectapi spells it `ascOrder`."""

    limit: NotRequired[Limit]
    ascOrder: NotRequired[bool]


class VerifyQuery(TypedDict, total=False):
    """A place in the chain that was kept elsewhere, as `head` of an earlier reply."""

    head: NotRequired[Annotated[str, Field(pattern=f"^{WRITTEN}$")]]


class VerdictObject(TypedDict):
    """Whether the trail is as it was written; where it is not, the first problem and the number of its event."""

    ok: bool
    events: int
    head: str
    seq: int | None
    problem: str | None


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


def verdict_object(verdict: Verdict) -> VerdictObject:
    """What verifying found."""
    return {
        "ok": verdict.ok,
        "events": verdict.events,
        "head": str(verdict.head),
        "seq": verdict.seq,
        "problem": verdict.problem,
    }


def in_words(action: str) -> str:
    """`add_api_key` as "Add api key"."""
    return action.replace("_", " ").capitalize()


def described(action: str, data: dict[str, Any]) -> str:
    """What happened, with its facts."""
    shown = {name: value if isinstance(value, str) else json.dumps(value) for name, value in data.items()}
    facts = ", ".join(f"{name}: {value}" for name, value in shown.items())
    return f"{in_words(action)} ({facts})" if facts else in_words(action)
