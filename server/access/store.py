"""Queries over the access lists of content."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server.db.models import Permission, User
from server.groups import store as groups
from server.web.caller import RANK
from server.web.errors import ApiError, invalid, not_found

NO_SUCH_PRINCIPAL = 153
DUPLICATE = {"user": 154, "group": 155}


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


def put(
    session: Session, content_id: int, owner_guid: str, principal: str, role: str, kind: str = "user"
) -> Permission:
    """Add a person or a group, or change their role. Raises ApiError 400 for unknown ones and impossible roles."""
    _check(session, owner_guid, principal, role, kind)
    row = _found(session, content_id, principal, kind)
    row = row or Permission(content_id=content_id, principal_guid=principal, principal_type=kind)
    row.role = role
    session.add(row)
    session.flush()
    return row


def _check(session: Session, owner_guid: str, principal: str, role: str, kind: str) -> None:
    if kind == "group":
        if not groups.known(session, [principal]):
            raise ApiError(400, NO_SUCH_PRINCIPAL, "principal_guid names no group on this server.")
        return
    user = session.exec(select(User).where(User.guid == principal)).first()
    if user is None:
        raise ApiError(400, NO_SUCH_PRINCIPAL, "principal_guid names nobody on this server.")
    if user.guid == owner_guid:
        raise invalid("The owner always has access and needs no entry.")
    if role == "owner" and RANK[user.role] < RANK["publisher"]:
        raise invalid("Only publishers and administrators can collaborate; this account is a viewer's.")


def _found(session: Session, content_id: int, principal: str, kind: str) -> Permission | None:
    query = select(Permission).where(
        Permission.content_id == content_id,
        Permission.principal_guid == principal,
        Permission.principal_type == kind,
    )
    return session.exec(query).first()


def change(
    session: Session, content_id: int, number: int, owner_guid: str, principal: str, role: str, kind: str
) -> Permission:
    """Change an entry: its role, or to whom it belongs.

    Raises ApiError 404; 400 as `put`; 409 code 154 or 155 where that person or group has an entry of its own.
    """
    row = entry(session, content_id, number)
    _check(session, owner_guid, principal, role, kind)
    other = _found(session, content_id, principal, kind)
    if other is not None and other.id != row.id:
        raise ApiError(409, DUPLICATE[kind], f"This {kind} has an entry already; change that one, or remove it first.")
    row.principal_guid, row.principal_type, row.role = principal, kind, role
    session.add(row)
    session.flush()
    return row


def remove(session: Session, content_id: int, number: int) -> tuple[str, str]:
    """Delete one entry; returns whose it was: `user` or `group`, and the GUID. Raises ApiError 404."""
    row = entry(session, content_id, number)
    session.delete(row)
    return row.principal_type, row.principal_guid
