"""Which environments are in use."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server.db.models import Bundle, Instance


def in_use(session: Session) -> set[str]:
    """The keys of the environments that running instances and builds hold."""
    query = (
        select(Bundle.environment_key)
        .join(Instance, col(Instance.bundle_id) == Bundle.id)
        .where(col(Instance.end_time).is_(None), col(Bundle.environment_key).is_not(None))
        .distinct()
    )
    return {key for key in session.exec(query).all() if key is not None}
