"""Whose bookmark is on which content."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, delete, select

from server.db.models import Bookmark
from server.web.errors import not_found

# Databases limit how many values one statement may carry.
MOST_PARAMETERS = 10_000


def among(session: Session, user_id: int, content_ids: Sequence[int]) -> set[int]:
    """Which of these content items a person has marked. One statement."""
    found: set[int] = set()
    for start in range(0, len(content_ids), MOST_PARAMETERS):
        part = content_ids[start : start + MOST_PARAMETERS]
        query = select(Bookmark.content_id).where(Bookmark.user_id == user_id, col(Bookmark.content_id).in_(part))
        found |= set(session.exec(query).all())
    return found


def one(session: Session, user_id: int, content_id: int) -> Bookmark:
    """A person's bookmark. Raises ApiError 404."""
    row = session.get(Bookmark, (user_id, content_id))
    if row is None:
        raise not_found("bookmark")
    return row


def add(session: Session, user_id: int, content_id: int) -> None:
    """Mark content; twice is once."""
    if session.get(Bookmark, (user_id, content_id)) is None:
        session.add(Bookmark(user_id=user_id, content_id=content_id))


def remove(session: Session, user_id: int, content_id: int) -> None:
    """Take the mark off; none is none."""
    session.exec(delete(Bookmark).where(col(Bookmark.user_id) == user_id, col(Bookmark.content_id) == content_id))
