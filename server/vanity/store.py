"""Queries over the paths of content's own. Paths are compared without case."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from server.db.clock import now
from server.db.models import Content, Vanity
from server.vanity.paths import ancestors
from server.web.errors import ApiError, not_found

IN_USE = 51
# Databases limit how many values one statement may carry.
MOST_PARAMETERS = 10_000


def of_content(session: Session, content_id: int) -> Vanity:
    """The path of a content item. Raises ApiError 404 where it has none."""
    row = session.get(Vanity, content_id)
    if row is None:
        raise not_found("vanity URL")
    return row


def of_many(session: Session, content_ids: Sequence[int]) -> dict[int, str]:
    """The paths of those content items that have one. One statement."""
    found: dict[int, str] = {}
    for start in range(0, len(content_ids), MOST_PARAMETERS):
        part = content_ids[start : start + MOST_PARAMETERS]
        query = select(Vanity.content_id, Vanity.path).where(col(Vanity.content_id).in_(part))
        found.update(session.exec(query).all())
    return found


def everything(session: Session) -> list[tuple[Vanity, str]]:
    """Every path with its content's GUID, by path."""
    query = select(Vanity, Content.guid).join(Content, col(Content.id) == Vanity.content_id)
    return list(session.exec(query.order_by(col(Vanity.path_key))).all())


def holder(session: Session, path: str) -> str | None:
    """The GUID of the content that has exactly this path."""
    query = select(Content.guid).join(Vanity, col(Vanity.content_id) == Content.id)
    return session.exec(query.where(Vanity.path_key == path.lower())).first()


def put(session: Session, content_id: int, path: str, *, taken_from: str | None = None) -> Vanity:
    """Give content a path, in place of the one it has; `taken_from` is the content that loses it.

    Raises ApiError 409, code 51, when the path, one above it or one below it is other content's. (Two writers at
    once could still make one path above the other on PostgreSQL; a visit then takes the shorter one.)
    """
    key = path.lower()
    above_or_below = or_(col(Vanity.path_key).in_([key, *ancestors(key)]), _below(key))
    query = select(Vanity, Content.guid).join(Content, col(Content.id) == Vanity.content_id)
    for row, guid in session.exec(query.where(above_or_below, Vanity.content_id != content_id)).all():
        if row.path_key != key or guid != taken_from:
            raise ApiError(409, IN_USE, _why(row.path_key, key))
        session.delete(row)
    session.flush()
    found = session.get(Vanity, content_id)
    if found is None:
        found = Vanity(content_id=content_id, path=path, path_key=key, created_time=now())
    elif found.path != path:
        found.path, found.path_key, found.created_time = path, key, now()
    session.add(found)
    session.flush()
    return found


def _below(key: str) -> ColumnElement[bool]:
    return col(Vanity.path_key).startswith(key, autoescape=True)


def _why(there: str, wanted: str) -> str:
    if there == wanted:
        return "Other content has this path already; choose another, or send force to move it."
    return "Other content has a path above or below this one, and a path cannot hold another; choose one beside it."


def remove(session: Session, content_id: int) -> Vanity:
    """Take the path of a content item away. Raises ApiError 404 where it has none."""
    row = of_content(session, content_id)
    session.delete(row)
    session.flush()
    return row
