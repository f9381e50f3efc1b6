"""Which access lists name a person, herself or by a group she is in, as conditions of SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, union_all
from sqlmodel import Session, col, select

from server.db.models import Content, Group, Membership, Permission, User

STRENGTH = {"": 0, "viewer": 1, "owner": 2}


def _by_group(user_guid: str) -> Any:
    """Entries of the groups a person is in."""
    return (
        select(Permission)
        .join(Group, col(Group.guid) == Permission.principal_guid)
        .join(Membership, col(Membership.group_id) == Group.id)
        .join(User, col(User.id) == Membership.user_id)
        .where(Permission.principal_type == "group", User.guid == user_guid)
    )


def _herself(user_guid: str) -> Any:
    return select(Permission).where(Permission.principal_type == "user", Permission.principal_guid == user_guid)


def listed(user_guid: str, role: str | None = None) -> Any:
    """The ids of the content whose access list names this person (in this role), to be used with `IN`."""
    both = [one.with_only_columns(Permission.content_id) for one in (_herself(user_guid), _by_group(user_guid))]
    return union_all(*(one if role is None else one.where(Permission.role == role) for one in both))


def open_to(user_guid: str) -> Any:
    """The condition on Content, joined with its owner as User, that this person may open it (as access.policy)."""
    return or_(
        col(User.guid) == user_guid,
        col(Content.access_type).in_(("all", "logged_in")),
        col(Content.id).in_(listed(user_guid)),
    )


def roles(session: Session, user_guid: str) -> dict[int, str]:
    """What access lists make of this person, by content id: the most of her own entry and her groups'."""
    columns = (Permission.content_id, Permission.role)
    both = union_all(_herself(user_guid).with_only_columns(*columns), _by_group(user_guid).with_only_columns(*columns))
    found: dict[int, str] = {}
    for content_id, role in session.execute(both).all():
        if STRENGTH[role] > STRENGTH[found.get(content_id, "")]:
            found[content_id] = role
    return found
