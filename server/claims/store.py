"""Queries over tokens that tools brought: those that wait for a person, and those that have one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, delete, select

from server.db.models import ClaimToken

MOST_WAITING = 2_000


def by_token(session: Session, token: str) -> ClaimToken | None:
    """The row of a token."""
    return session.exec(select(ClaimToken).where(ClaimToken.token == token)).first()


def add(session: Session, row: ClaimToken) -> bool:
    """Add one that waits; those whose time is over go. False when too many wait."""
    session.exec(delete(ClaimToken).where(col(ClaimToken.expires_at) <= row.created_time))
    waiting = select(func.count()).select_from(ClaimToken).where(col(ClaimToken.user_id).is_(None))
    if session.exec(waiting).one() >= MOST_WAITING:
        return False
    session.add(row)
    return True


def waiting(session: Session, claim_hash: str, moment: datetime) -> ClaimToken | None:
    """The one that this claim address is for, if it still waits."""
    query = select(ClaimToken).where(
        ClaimToken.claim_hash == claim_hash, col(ClaimToken.user_id).is_(None), ClaimToken.expires_at > moment
    )
    return session.exec(query.with_for_update()).first()


def of_person(session: Session, user_id: int, moment: datetime) -> list[ClaimToken]:
    """What a person claimed, newest first."""
    query = select(ClaimToken).where(ClaimToken.user_id == user_id, ClaimToken.expires_at > moment)
    return list(session.exec(query.order_by(col(ClaimToken.id).desc())).all())


def own(session: Session, user_id: int, guid: str) -> ClaimToken | None:
    """One of a person's own."""
    return session.exec(select(ClaimToken).where(ClaimToken.guid == guid, ClaimToken.user_id == user_id)).first()
