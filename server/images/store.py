"""Queries over execution environments and who may use them."""

from __future__ import annotations

import uuid
from typing import Any

from sqlmodel import Session, col, select

from server.db.clock import now
from server.db.models import EnvironmentPermission, ExecutionEnvironment, Group, User
from server.groups import store as groups
from server.web.errors import ApiError, not_found

DUPLICATE_ENVIRONMENT = 175
INVALID_PERMISSION = 246
DUPLICATE_PERMISSION = 247


def listing(session: Session) -> list[ExecutionEnvironment]:
    """Every one, oldest first."""
    return list(session.exec(select(ExecutionEnvironment).order_by(col(ExecutionEnvironment.id))).all())


def by_guid(session: Session, guid: str) -> ExecutionEnvironment:
    """One of them. Raises ApiError 404."""
    row = session.exec(select(ExecutionEnvironment).where(ExecutionEnvironment.guid == guid)).first()
    if row is None:
        raise not_found("execution environment")
    return row


def add(session: Session, fields: dict[str, Any]) -> ExecutionEnvironment:
    """A new one. Raises ApiError 409, code 175, when another has the name."""
    name = fields["name"]
    if session.exec(select(ExecutionEnvironment.id).where(ExecutionEnvironment.name == name)).first() is not None:
        raise ApiError(409, DUPLICATE_ENVIRONMENT, "There is an execution environment of this name already.")
    moment = now()
    row = ExecutionEnvironment(guid=str(uuid.uuid4()), created_time=moment, updated_time=moment, **fields)
    session.add(row)
    session.flush()
    return row


def change(session: Session, guid: str, fields: dict[str, Any]) -> ExecutionEnvironment:
    """Change what is given; installations language by language. Raises ApiError 404."""
    row = by_guid(session, guid)
    fields = dict(fields)
    row.installations = {**row.installations, **fields.pop("installations", {})}
    for name, value in fields.items():
        setattr(row, name, value)
    row.updated_time = now()
    session.add(row)
    session.flush()
    return row


def remove(session: Session, guid: str) -> str:
    """Delete one with its entries; returns its name. Raises ApiError 404."""
    row = by_guid(session, guid)
    session.delete(row)
    return row.name


def permissions(session: Session, environment_id: int) -> list[EnvironmentPermission]:
    """Who may use it, oldest entry first."""
    query = select(EnvironmentPermission).where(EnvironmentPermission.environment_id == environment_id)
    return list(session.exec(query.order_by(col(EnvironmentPermission.id))).all())


def permission(session: Session, environment_id: int, guid: str) -> EnvironmentPermission:
    """One entry. Raises ApiError 404."""
    query = select(EnvironmentPermission).where(
        EnvironmentPermission.environment_id == environment_id, EnvironmentPermission.guid == guid
    )
    row = session.exec(query).first()
    if row is None:
        raise not_found("permission")
    return row


def permit(
    session: Session, environment_id: int, user_guid: str | None, group_guid: str | None
) -> EnvironmentPermission:
    """A new entry. Raises ApiError 400 (code 246, nobody has that GUID) and 409 (code 247, listed already)."""
    if user_guid is not None and session.exec(select(User.id).where(User.guid == user_guid)).first() is None:
        raise ApiError(400, INVALID_PERMISSION, "user_guid names nobody on this server.")
    if group_guid is not None and not groups.known(session, [group_guid]):
        raise ApiError(400, INVALID_PERMISSION, "group_guid names no group on this server.")
    if group_guid is not None and session.exec(select(Group.id).where(Group.guid == group_guid)).first() is None:
        raise ApiError(400, INVALID_PERMISSION, "group_guid names no group of this server.")
    for entry in permissions(session, environment_id):
        if (entry.user_guid, entry.group_guid) == (user_guid, group_guid):
            raise ApiError(409, DUPLICATE_PERMISSION, "This person or group is listed already.")
    row = EnvironmentPermission(
        guid=str(uuid.uuid4()), environment_id=environment_id, user_guid=user_guid, group_guid=group_guid
    )
    session.add(row)
    session.flush()
    return row
