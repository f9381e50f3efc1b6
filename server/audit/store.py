"""Queries over the audit trail, newest or oldest first, flat however long it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from server.audit.filters import EVERYTHING, Filters
from server.audit.words import Line, Names, sentence
from server.db.models import AuditEvent, Connection, Content, Integration, User
from server.web.cursors import Keyset

Told = tuple[AuditEvent, int | None, str | None]
"""An event, and the number and name of who acted, as far as there is such a person."""


def events(session: Session, keyset: Keyset, filters: Filters = EVERYTHING, *, also: Any = None) -> list[Told]:
    """A page of the events that are looked for, and one row more. `also` is one more condition."""
    query = filters.narrow(_told())
    return _page(session, query if also is None else query.where(also), keyset)


def _told() -> Any:
    name = User.first_name + " " + User.last_name
    return select(AuditEvent, User.id, name).outerjoin(User, col(User.guid) == AuditEvent.actor_guid)  # type: ignore[call-overload]


def _page(session: Session, query: Any, keyset: Keyset) -> list[Told]:
    return [(row[0], row[1], row[2]) for row in session.execute(keyset.narrow(query, AuditEvent.time, AuditEvent.id))]


def about(
    session: Session,
    keyset: Keyset,
    *,
    subject: str | None = None,
    connection: str | None = None,
    integration: str | None = None,
    content: str | None = None,
    action: str | Collection[str] | None = None,
) -> list[Told]:
    """As `events`, those about a person's access, a connection, an integration or a content item, by GUID.

    Each is found in an index of its own; with several, all must be so.
    """
    query = _told()
    wanted = {"subject": subject, "connection": connection, "integration": integration, "content": content}
    for name, guid in wanted.items():
        if guid is not None:
            query = query.where(getattr(AuditEvent, name) == guid)
    if action is not None:
        query = query.where(col(AuditEvent.action).in_([action] if isinstance(action, str) else list(action)))
    return _page(session, query, keyset)


def actions(session: Session) -> list[str]:
    """The actions that there are, by name; each is found by one step in the index."""
    action = col(AuditEvent.action)
    steps = select(func.min(action).label("action")).cte("steps", recursive=True)
    following = select(func.min(action)).where(action > steps.c.action).scalar_subquery()
    steps = steps.union_all(select(following).where(steps.c.action.is_not(None)))
    return [name for (name,) in session.execute(select(steps.c.action)) if name is not None]


def lines(session: Session, rows: Sequence[Told], *, you: str = "") -> list[Line]:
    """Events as lines for a page, with the names of whom and what they concern, told to the person `you` (a GUID)."""
    events = [event for event, _, _ in rows]
    names = names_in(session, events)
    return [Line(event.time, sentence(event, names, you=you), event) for event in events]


def names_in(session: Session, events: Collection[AuditEvent]) -> Names:
    """What those are called now that events concern: four queries, however many events."""
    people = {guid for event in events for guid in (event.actor_guid, event.subject) if guid}
    content = {event.content for event in events if event.content}
    systems = {event.integration for event in events if event.integration}
    used = {event.connection for event in events if event.connection and "role" not in event.data}
    return Names(
        _by_guid(session, people, User.guid, User.first_name + " " + User.last_name, User.username),
        _by_guid(session, content, Content.guid, Content.title, Content.name),
        _by_guid(session, systems, Integration.guid, Integration.name, Integration.template),
        _by_guid(session, used, Connection.guid, Connection.role_key, Connection.role_key),
    )


def _by_guid(session: Session, wanted: Collection[str], *columns: Any) -> dict[str, str]:
    """By GUID, the first of the columns: the second where there is something in it, else the third."""
    if not wanted:
        return {}
    query = select(*columns).where(columns[0].in_(wanted))
    return {row[0]: (row[1] or "").strip() or row[2] for row in session.execute(query)}
