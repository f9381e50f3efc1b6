"""Queries over repository settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from server.db.clock import now
from server.db.models import Content, Repository
from server.web.errors import ApiError

NOT_GIT_MANAGED = 143


def find(session: Session, content_id: int) -> Repository | None:
    """The settings of a content item, or None."""
    return session.get(Repository, content_id)


def get(session: Session, content_id: int) -> Repository:
    """The settings of a content item. Raises ApiError 404, code 143."""
    row = find(session, content_id)
    if row is None:
        raise ApiError(404, NOT_GIT_MANAGED, "This content is not deployed from a git repository.")
    return row


def put(session: Session, content_id: int, fields: dict[str, Any]) -> Repository:
    """Make or change settings; what is known of another place is forgotten."""
    row = find(session, content_id) or Repository(content_id=content_id, repository="")
    before = (row.repository, row.branch, row.directory)
    for name, value in fields.items():
        setattr(row, name, value)
    if (row.repository, row.branch, row.directory) != before:
        row.last_error, row.last_known_commit, row.checked_time = None, None, None
    session.add(row)
    session.flush()
    return row


def looked(session: Session, content_id: int, *, commit: str | None = None, error: str | None = None) -> None:
    """Note how a look at the repository went; without a commit the one known before stays."""
    row = find(session, content_id)
    if row is not None:
        row.last_error, row.checked_time = error, now()
        row.last_known_commit = commit or row.last_known_commit
        session.add(row)


def due(session: Session, before: datetime, limit: int) -> list[tuple[Repository, str]]:
    """Polled settings nobody looked at since `before`, with their content's GUID, the longest waiting first."""
    query = (
        select(Repository, Content.guid)
        .join(Content, col(Content.id) == Repository.content_id)
        .where(
            col(Repository.polling).is_(True),
            col(Content.locked).is_(False),
            or_(col(Repository.checked_time).is_(None), col(Repository.checked_time) < before),
        )
        .order_by(col(Repository.checked_time))
        .limit(limit)
    )
    return list(session.exec(query).all())
