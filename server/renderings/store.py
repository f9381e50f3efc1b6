"""Queries over renderings."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server.db.models import Bundle, Rendering

# What is remembered of an item's earlier renderings; the files of each but its version's newest are gone.
KEPT = 100


def add(session: Session, row: Rendering) -> list[str] | None:
    """Record a rendering whose files are in place; returns the folders of those it follows, to be deleted.

    None where the version was deleted meanwhile.
    """
    if session.get(Bundle, row.bundle_id) is None:
        return None
    earlier = session.exec(select(Rendering).where(Rendering.bundle_id == row.bundle_id)).all()
    session.add(row)
    session.flush()
    every = select(Rendering).where(Rendering.content_id == row.content_id).order_by(col(Rendering.id).desc())
    for forgotten in session.exec(every.offset(KEPT)).all():
        session.delete(forgotten)
    return [before.folder for before in earlier]


def newest(session: Session, bundle_id: int) -> Rendering | None:
    """What is shown of a version, or None where it was never rendered."""
    query = select(Rendering).where(Rendering.bundle_id == bundle_id).order_by(col(Rendering.id).desc())
    return session.exec(query.limit(1)).first()


def of_content(session: Session, content_id: int) -> list[Rendering]:
    """An item's renderings, newest first."""
    query = select(Rendering).where(Rendering.content_id == content_id).order_by(col(Rendering.id).desc())
    return list(session.exec(query.limit(KEPT)).all())


def folders(session: Session) -> set[str]:
    """The folders of every recorded rendering."""
    return set(session.exec(select(Rendering.folder)).all())
