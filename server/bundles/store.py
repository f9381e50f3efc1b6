"""Queries over bundles."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server.db.models import Bundle, Content, Repository
from server.web.errors import ApiError, not_found

DELETE_ACTIVE = 75


def add(session: Session, bundle: Bundle) -> Bundle:
    """Record a bundle whose files are in place already."""
    session.add(bundle)
    session.flush()
    return bundle


def get(session: Session, content_id: int, number: int) -> Bundle:
    """One bundle of a content item. Raises ApiError 404."""
    row = session.get(Bundle, number)
    if row is None or row.content_id != content_id:
        raise not_found("bundle")
    return row


def listing(
    session: Session, content_id: int, *, ascending: bool = False, page: int = 1, size: int | None = None
) -> list[Bundle]:
    """The bundles of a content item, newest first unless `ascending`; `size` of them, all without it."""
    order = col(Bundle.id).asc() if ascending else col(Bundle.id).desc()
    query = select(Bundle).where(Bundle.content_id == content_id).order_by(order)
    if size is not None:
        query = query.offset((page - 1) * size).limit(size)
    return list(session.exec(query).all())


def comes_from_git(session: Session, content_id: int) -> bool:
    """Whether a content item's versions are fetched from a repository."""
    return session.get(Repository, content_id) is not None


def remove(session: Session, content_id: int, number: int) -> str:
    """Delete the record of a bundle; returns its folder. Raises ApiError 404, 409 for the active one."""
    row = get(session, content_id, number)
    # Locked, so that this version cannot become the active one meanwhile.
    content = session.get(Content, content_id, with_for_update=True)
    if content is not None and content.bundle_id == number:
        raise ApiError(409, DELETE_ACTIVE, "The active bundle cannot be deleted; activate another one first.")
    session.delete(row)
    return folder_of(row)


def folders(session: Session) -> set[str]:
    """The folders of every recorded bundle."""
    return {folder_of(row) for row in session.exec(select(Bundle)).all()}


def folder_of(bundle: Bundle) -> str:
    """The name of a bundle's folder: random, so that a number that is used again never meets old files."""
    return str(bundle.details["folder"])
