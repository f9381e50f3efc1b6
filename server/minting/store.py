"""Queries over signing keys and role mappings. Every function takes the session of one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlmodel import Session, col, delete, or_, select

from server.db.models import Group, Membership, RoleMapping, SigningKey, User
from server.minting.policy import Entry, Kind

ACTIVE, NEXT, OLD = "active", "next", "old"


def keys(session: Session, integration_id: int) -> list[SigningKey]:
    """All keys of an integration, oldest first."""
    query = select(SigningKey).where(SigningKey.integration_id == integration_id).order_by(col(SigningKey.id))
    return list(session.exec(query).all())


def active(session: Session, integration_id: int) -> SigningKey | None:
    """The key that signs, or None where there is none yet."""
    query = select(SigningKey).where(SigningKey.integration_id == integration_id, SigningKey.state == ACTIVE)
    return session.exec(query).first()


def forget_ended(session: Session, integration_id: int, moment: datetime) -> None:
    """Delete the old keys whose last token has expired."""
    session.exec(
        delete(SigningKey).where(
            col(SigningKey.integration_id) == integration_id,
            col(SigningKey.state) == OLD,
            col(SigningKey.keep_until) <= moment,
        )
    )


def _entry(row: RoleMapping, user_guid: str | None, group_guid: str | None) -> Entry:
    roles = None if row.roles is None else tuple(row.roles)
    return Entry(cast(Kind, row.kind), user_guid or group_guid or "", roles, row.login)


def entries(session: Session, integration_id: int, user_id: int | None = None) -> list[Entry]:
    """The mapping in the administrator's order; with `user_id` only what concerns that person. One statement."""
    query = (
        select(RoleMapping, User.guid, Group.guid)
        .join(User, col(User.id) == RoleMapping.user_id, isouter=True)
        .join(Group, col(Group.id) == RoleMapping.group_id, isouter=True)
        .where(RoleMapping.integration_id == integration_id)
        .order_by(col(RoleMapping.position), col(RoleMapping.id))
    )
    if user_id is not None:
        hers = select(Membership.group_id).where(Membership.user_id == user_id)
        query = query.where(
            or_(
                col(RoleMapping.user_id) == user_id,
                col(RoleMapping.group_id).in_(hers),
                col(RoleMapping.kind) == "default",
            )
        )
    return [_entry(*row) for row in session.exec(query).all()]


def replace_entries(session: Session, integration_id: int, wanted: Sequence[Entry], ids: dict[str, int]) -> None:
    """Make the mapping exactly this; `ids` are the row numbers of the people and groups by GUID."""
    session.exec(delete(RoleMapping).where(col(RoleMapping.integration_id) == integration_id))
    for position, entry in enumerate(wanted):
        session.add(
            RoleMapping(
                integration_id=integration_id,
                position=position,
                kind=entry.kind,
                user_id=ids[entry.guid] if entry.kind == "user" else None,
                group_id=ids[entry.guid] if entry.kind == "group" else None,
                roles=None if entry.roles is None else list(entry.roles),
                login=entry.login,
            )
        )
    session.flush()


def ids_of(session: Session, wanted: Sequence[Entry]) -> dict[str, int]:
    """The row numbers of those people and groups of the entries that there are, by GUID. Two statements."""
    people = {entry.guid for entry in wanted if entry.kind == "user"}
    groups = {entry.guid for entry in wanted if entry.kind == "group"}
    found: dict[str, int] = {}
    if people:
        found |= {g: i or 0 for g, i in session.exec(select(User.guid, User.id).where(col(User.guid).in_(people)))}
    if groups:
        found |= {g: i or 0 for g, i in session.exec(select(Group.guid, Group.id).where(col(Group.guid).in_(groups)))}
    return found


def names(session: Session, wanted: Sequence[Entry]) -> dict[str, str]:
    """What the people and groups of the entries are called, by GUID. Two statements."""
    people = {entry.guid for entry in wanted if entry.kind == "user"}
    groups = {entry.guid for entry in wanted if entry.kind == "group"}
    found = dict(session.exec(select(User.guid, User.username).where(col(User.guid).in_(people))).all())
    return found | dict(session.exec(select(Group.guid, Group.name).where(col(Group.guid).in_(groups))).all())


def groups_of(session: Session, user_id: int) -> set[str]:
    """The GUIDs of the groups a person is in."""
    query = select(Group.guid).join(Membership, col(Membership.group_id) == Group.id)
    return set(session.exec(query.where(Membership.user_id == user_id)).all())
