"""Queries over groups and who is in them. Every function takes the session of one transaction."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, case, func
from sqlmodel import Session, col, delete, select

from server.accounts.names import username_key
from server.db.models import Content, EnvironmentPermission, Group, Integration, Membership, Permission, User
from server.web.caller import RANK
from server.web.errors import ApiError, not_found
from server.web.paging import Paging

INVALID_NAME, DUPLICATE_NAME, DUPLICATE_ENTRY = 14, 15, 16
INVALID_USER, IN_USE = 9, 20
LONGEST_NAME = 256
# Neither control characters nor those that turn text around or cannot be seen (security.md S-16).
_UNSEEN = (
    r"\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufeff\uffa0"
)
_SPACES = r" \xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
NAME_PATTERN = rf"^[^{_SPACES}\ufe00-\ufe0f{_UNSEEN}]([^{_UNSEEN}]*[^{_SPACES}{_UNSEEN}])?$"
# What only chooses among the shapes of a character, or marks text with nothing to see.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0000-\U000e0fff]")
NAME = re.compile(NAME_PATTERN)
MEMBER_ORDERS = ("first_name", "user_role", "active_time")


@dataclass(frozen=True)
class GroupView:
    """One group with its owner, if it still has one, and how many people are in it."""

    id: int
    guid: str
    name: str
    owner_id: int | None
    owner_guid: str | None
    owner_name: str
    members: int


def checked_name(name: str) -> str:
    """`name`, if a group may carry it: one line, visible, no spaces around it. Raises ApiError 400, code 14."""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ApiError(400, INVALID_NAME, f"A group's name has 1 to {LONGEST_NAME} characters.")
    if not NAME.fullmatch(name) or not name_key(name):
        raise ApiError(400, INVALID_NAME, "A group's name is one line of visible characters without spaces around it.")
    return name


def name_key(name: str) -> str:
    """The form in which groups' names are compared."""
    return username_key(_SELECTORS.sub("", name)).strip()


def _counted() -> ScalarSelect[int]:
    counted = select(func.count()).where(Membership.group_id == Group.id)
    return counted.scalar_subquery()


def _view(row: tuple[Group, User | None, int]) -> GroupView:
    group, owner, members = row
    assert group.id is not None
    called = "" if owner is None else f"{owner.first_name} {owner.last_name}".strip() or owner.username
    owner_guid = None if owner is None else owner.guid
    return GroupView(group.id, group.guid, group.name, group.owner_id, owner_guid, called, members)


def by_guid(session: Session, guid: str) -> GroupView:
    """The group. Raises ApiError 404."""
    query: Any = select(Group, User, _counted()).join(User, col(User.id) == Group.owner_id, isouter=True)
    found = session.exec(query.where(Group.guid == guid)).first()
    if found is None:
        raise not_found("group")
    return _view(found)


def by_guids(session: Session, guids: Iterable[str]) -> dict[str, GroupView]:
    """Those of the groups that there are, by GUID. One statement."""
    wanted = set(guids)
    query: Any = select(Group, User, _counted()).join(User, col(User.id) == Group.owner_id, isouter=True)
    rows = session.exec(query.where(col(Group.guid).in_(wanted))).all() if wanted else []
    return {view.guid: view for view in map(_view, rows)}


def by_name(session: Session, name: str) -> GroupView | None:
    """The group of this name, compared as names are."""
    guid = session.exec(select(Group.guid).where(Group.name_key == name_key(name))).first()
    return None if guid is None else by_guid(session, guid)


def listing(
    session: Session, *, prefix: str = "", member_guid: str | None = None, ascending: bool = True, paging: Paging
) -> tuple[list[GroupView], int]:
    """One page of groups by name, and how many match in all. With `member_guid`: only those that person is in."""
    query: Any = select(Group)
    if prefix:
        query = query.where(col(Group.name_key).startswith(username_key(prefix), autoescape=True))
    if member_guid is not None:
        query = query.where(col(Group.id).in_(_groups_of(member_guid)))
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    order = col(Group.name_key) if ascending else col(Group.name_key).desc()
    page = query.order_by(order).offset(paging.skipped).limit(paging.size).with_only_columns(Group.id)
    rows: Any = select(Group, User, _counted()).join(User, col(User.id) == Group.owner_id, isouter=True)
    rows = session.exec(rows.where(col(Group.id).in_(page)).order_by(order)).all()
    return [_view(row) for row in rows], total


def _groups_of(user_guid: str) -> Any:
    return select(Membership.group_id).join(User, col(User.id) == Membership.user_id).where(User.guid == user_guid)


def add(session: Session, name: str, owner_id: int) -> GroupView:
    """A new, empty group. Raises ApiError 409, code 15, where the name is taken."""
    _free(session, name)
    guid = str(uuid.uuid4())
    session.add(Group(guid=guid, name=name, name_key=name_key(name), owner_id=owner_id))
    session.flush()
    return by_guid(session, guid)


def _free(session: Session, name: str, but: int | None = None) -> None:
    taken = session.exec(select(Group.id).where(Group.name_key == name_key(name), Group.id != but)).first()
    if taken is not None:
        raise ApiError(409, DUPLICATE_NAME, "There is already a group of this name.")


def change(session: Session, number: int, *, name: str | None = None, owner_guid: str | None = None) -> GroupView:
    """Rename a group or give it to somebody else. Raises ApiError 400 for an owner who may not be, 404, 409."""
    group = session.get(Group, number)
    if group is None:
        raise not_found("group")
    if name is not None:
        _free(session, name, number)
        group.name, group.name_key = name, name_key(name)
    if owner_guid is not None:
        owner = session.exec(select(User).where(User.guid == owner_guid)).first()
        if owner is None or RANK[owner.role] < RANK["publisher"]:
            raise ApiError(400, INVALID_USER, "owner_guid must name a publisher or administrator.")
        group.owner_id = owner.id
    session.add(group)
    session.flush()
    return by_guid(session, group.guid)


def members(
    session: Session, number: int, *, paging: Paging, sort: str = "", ascending: bool = True
) -> tuple[list[User], int]:
    """One page of the people in a group, in the order they were added, and how many there are."""
    query = select(User).join(Membership, col(Membership.user_id) == User.id).where(Membership.group_id == number)
    total = session.exec(select(func.count()).where(Membership.group_id == number)).one()
    orders: dict[str, Sequence[Any]] = {
        "": (col(Membership.id),),
        "first_name": (col(User.first_key), col(User.last_key), col(User.username_key)),
        "user_role": (case(RANK, value=User.role), col(Membership.id)),
        "active_time": (col(User.active_time), col(Membership.id)),
    }
    chosen = [column.asc().nulls_first() if ascending else column.desc().nulls_last() for column in orders[sort]]
    rows = session.exec(query.order_by(*chosen).offset(paging.skipped).limit(paging.size)).all()
    return list(rows), total


def join(session: Session, number: int, user_guid: str) -> User:
    """Add a person. Raises ApiError 400 for nobody, 409 code 16 for somebody who is in it already."""
    user = session.exec(select(User).where(User.guid == user_guid)).first()
    if user is None or user.id is None:
        raise ApiError(400, INVALID_USER, "user_guid names nobody on this server.")
    there = select(Membership.id).where(Membership.group_id == number, Membership.user_id == user.id)
    if session.exec(there).first() is not None:
        raise ApiError(409, DUPLICATE_ENTRY, f"{user.username} is in this group already.")
    session.add(Membership(group_id=number, user_id=user.id))
    session.flush()
    return user


def leave(session: Session, number: int, user_guid: str) -> None:
    """Remove a person. Raises ApiError 404 where she is not in the group."""
    there = (
        select(Membership)
        .join(User, col(User.id) == Membership.user_id)
        .where(Membership.group_id == number, User.guid == user_guid)
    )
    row = session.exec(there).first()
    if row is None:
        raise not_found("member of this group")
    session.delete(row)


def member_guids(session: Session, number: int) -> set[str]:
    """Everybody who is in a group."""
    query = select(User.guid).join(Membership, col(Membership.user_id) == User.id)
    return set(session.exec(query.where(Membership.group_id == number)).all())


@dataclass(frozen=True)
class Dropped:
    """What a deleted group leaves behind: who was in it, and the content it was let into."""

    members: set[str]
    content: set[str]


def drop(session: Session, number: int, guid: str) -> Dropped:
    """Delete a group with its members' entries and every entry of its own in access lists.

    Raises ApiError 409 where an integration is open to this group alone: an empty list would open it to all
    publishers.
    """
    dropped = Dropped(member_guids(session, number), _content_of(session, guid))
    _leave_integrations(session, guid)
    entries = delete(Permission).where(
        col(Permission.principal_type) == "group", col(Permission.principal_guid) == guid
    )
    session.exec(entries)
    session.exec(delete(EnvironmentPermission).where(col(EnvironmentPermission.group_guid) == guid))
    group = session.get(Group, number)
    if group is None:
        raise not_found("group")
    session.delete(group)
    return dropped


def _content_of(session: Session, guid: str) -> set[str]:
    query = select(Content.guid).join(Permission, col(Permission.content_id) == Content.id)
    return set(session.exec(query.where(Permission.principal_guid == guid)).all())


def _leave_integrations(session: Session, guid: str) -> None:
    for row in session.exec(select(Integration).with_for_update()).all():
        left = [entry for entry in row.permissions if entry.get("group_guid") != guid]
        if row.permissions and not left:
            raise ApiError(
                409,
                IN_USE,
                "An integration is open to this group alone, and without it would be open to every publisher. "
                "Let an administrator choose who else may use it first.",
            )
        if len(left) != len(row.permissions):
            row.permissions = left
            session.add(row)


def known(session: Session, guids: Iterable[str]) -> set[str]:
    """Those of the GUIDs that name a group."""
    wanted = set(guids)
    return set(session.exec(select(Group.guid).where(col(Group.guid).in_(wanted))).all()) if wanted else set()
