"""Queries over the access lists of content."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server.db.models import Permission, User
from server.web.caller import RANK
from server.web.errors import ApiError, invalid, not_found

NO_SUCH_PRINCIPAL = 153


def entries(session: Session, content_id: int) -> list[Permission]:
    """The access list in the order it was made."""
    return list(
        session.exec(select(Permission).where(Permission.content_id == content_id).order_by(col(Permission.id))).all()
    )


def entry(session: Session, content_id: int, number: int) -> Permission:
    """One entry. Raises ApiError 404."""
    row = session.get(Permission, number)
    if row is None or row.content_id != content_id:
        raise not_found("permission")
    return row


def put(session: Session, content_id: int, owner_guid: str, user_guid: str, role: str) -> Permission:
    """Add a person or change her role. Raises ApiError 400 for unknown people and impossible roles."""
    user = session.exec(select(User).where(User.guid == user_guid)).first()
    if user is None:
        raise ApiError(400, NO_SUCH_PRINCIPAL, "principal_guid names nobody on this server.")
    if user.guid == owner_guid:
        raise invalid("The owner always has access and needs no entry.")
    if role == "owner" and RANK[user.role] < RANK["publisher"]:
        raise invalid("Only publishers and administrators can collaborate; this account is a viewer's.")
    query = select(Permission).where(Permission.content_id == content_id, Permission.principal_guid == user_guid)
    row = session.exec(query).first() or Permission(content_id=content_id, principal_guid=user_guid)
    row.role = role
    session.add(row)
    session.flush()
    return row


def remove(session: Session, content_id: int, number: int) -> str:
    """Delete one entry; returns whose it was. Raises ApiError 404."""
    row = entry(session, content_id, number)
    session.delete(row)
    return row.principal_guid
