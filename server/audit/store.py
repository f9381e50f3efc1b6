"""Queries over the audit trail, newest or oldest first, flat however long it is."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlmodel import Session, col

from server.db.models import AuditEvent, User
from server.web.cursors import Keyset

Told = tuple[AuditEvent, int | None, str | None]
"""An event, and the number and name of who acted, as far as there is such a person."""


def events(session: Session, keyset: Keyset) -> list[Told]:
    """A page of events, and one row more."""
    query = select(AuditEvent, User.id, User.first_name + " " + User.last_name).outerjoin(  # type: ignore[call-overload]
        User, col(User.guid) == AuditEvent.actor_guid
    )
    return [(row[0], row[1], row[2]) for row in session.execute(keyset.narrow(query, AuditEvent.time, AuditEvent.id))]


def actions(session: Session) -> list[str]:
    """The actions that there are, by name; each is found by one step in the index."""
    action = col(AuditEvent.action)
    steps = select(func.min(action).label("action")).cte("steps", recursive=True)
    following = select(func.min(action)).where(action > steps.c.action).scalar_subquery()
    steps = steps.union_all(select(following).where(steps.c.action.is_not(None)))
    return [name for (name,) in session.execute(select(steps.c.action)) if name is not None]
