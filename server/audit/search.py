"""Events by words: names of people, content and integrations, sorts of events, requests and addresses."""

from __future__ import annotations

from typing import Any

from sqlalchemy import false, func, or_
from sqlmodel import Session, col, select

from server.audit import store
from server.audit.filters import Filters
from server.audit.store import Told
from server.audit.words import words_of
from server.db.models import AuditEvent, Content, Integration, User
from server.web.cursors import Keyset

LONGEST = 100
MOST = 50


def search(session: Session, keyset: Keyset, filters: Filters, text: str) -> list[Told]:
    """A page of the events in which `text` occurs, and one row more; all of `filters` must be so, too."""
    text = text.strip()[:LONGEST].replace("\0", "")
    if not text:
        return store.events(session, keyset, filters)
    return store.events(session, keyset, filters, also=or_(false(), *_conditions(session, text)))


def _conditions(session: Session, text: str) -> list[Any]:
    event = AuditEvent
    people = _guids(session, User.guid, text, User.username, User.first_name + " " + User.last_name)
    content = _guids(session, Content.guid, text, Content.name, Content.title)
    systems = _guids(session, Integration.guid, text, Integration.name)
    actions = [name for name in store.actions(session) if text.lower() in words_of(name).lower()]
    found: list[Any] = [col(event.request_id) == text, col(event.address) == text, col(event.actor) == text]
    for column, wanted in (
        (event.actor_guid, people), (event.subject, people), (event.content, content), (event.integration, systems),
        (event.action, actions),
    ):  # fmt: skip
        if wanted:
            found.append(col(column).in_(wanted))
    if len(text) == len("046f9a7d-3c00-41db-9ac7-0d153f2edfdd"):
        found += [col(c) == text for c in (event.subject, event.content, event.integration, event.connection)]
    return found


def _guids(session: Session, guid: Any, text: str, *columns: Any) -> list[str]:
    """The first that have `text` in one of the columns, whatever its case."""
    there = or_(*(func.lower(column).contains(text.lower(), autoescape=True) for column in columns))
    return list(session.exec(select(guid).where(there).limit(MOST)))
