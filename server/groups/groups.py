"""The groups service: makes and changes groups, and tells who must hear of it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from server.audit.trail import Trail
from server.content.directory import Directory
from server.db.engine import Database
from server.db.models import User
from server.groups import store
from server.groups.policy import may_manage, may_see, sees_all
from server.groups.store import GroupView
from server.sessions.identify import Sessions
from server.web.caller import Caller
from server.web.errors import denied, not_found
from server.web.paging import Paging

NOT_YOURS = "Only the group's owner and administrators may do this."


class Groups:
    """All groups. What is written takes effect at once: for requests, open pages and token exchanges alike."""

    def __init__(self, db: Database, sessions: Sessions, directory: Directory, trail: Trail) -> None:
        self._db, self._sessions, self._directory, self._trail = db, sessions, directory, trail

    async def page(
        self, caller: Caller, *, prefix: str = "", ascending: bool = True, paging: Paging
    ) -> tuple[list[GroupView], int]:
        """One page of the groups the caller may see, and how many match in all."""

        def read(session: Session) -> tuple[list[GroupView], int]:
            mine = None if sees_all(caller) else caller.guid
            return store.listing(session, prefix=prefix, member_guid=mine, ascending=ascending, paging=paging)

        return await self._db.read(read)

    async def one(self, caller: Caller, guid: str) -> GroupView:
        """A group the caller may see. Raises ApiError 404."""
        return await self._db.read(_visible, caller, guid)

    async def members(
        self, caller: Caller, guid: str, *, sort: str = "", ascending: bool = True, paging: Paging
    ) -> tuple[list[User], int]:
        """One page of the people in a group, in the order they were added, and how many. Raises ApiError 404."""

        def read(session: Session) -> tuple[list[User], int]:
            group = _visible(session, caller, guid)
            return store.members(session, group.id, paging=paging, sort=sort, ascending=ascending)

        return await self._db.read(read)

    async def create(self, caller: Caller, name: str) -> GroupView:
        """A new, empty group of the caller's. Raises ApiError 400 code 14, 403, 409 code 15."""
        if not caller.has("publisher"):
            raise denied("Only publishers and administrators make groups.")
        checked = store.checked_name(name)

        def write(session: Session) -> GroupView:
            group = store.add(session, checked, caller.user_id)
            self._trail.record(session, caller, "add_group", group=group.guid, name=group.name)
            return group

        return await self._db.write(write)

    async def change(
        self, caller: Caller, guid: str, *, name: str | None = None, owner_guid: str | None = None
    ) -> GroupView:
        """Rename a group or give it to somebody else. Raises ApiError 400, 403, 404, 409."""
        checked = None if name is None else store.checked_name(name)

        def write(session: Session) -> tuple[GroupView, set[str]]:
            before = _managed(session, caller, guid)
            after = store.change(session, before.id, name=checked, owner_guid=owner_guid)
            fields = [n for n, given in (("name", checked), ("owner_guid", owner_guid)) if given is not None]
            self._trail.record(session, caller, "edit_group", group=guid, fields=fields)
            return after, store.member_guids(session, before.id) if checked is not None else set()

        group, told = await self._db.write(write)
        if told:
            self._sessions.people_changed(told)
        return group

    async def add_member(self, caller: Caller, guid: str, user_guid: str) -> User:
        """Add a person; at once she sees what the group may. Raises ApiError 400, 403, 404, 409 code 16."""

        def write(session: Session) -> User:
            group = _managed(session, caller, guid)
            user = store.join(session, group.id, user_guid)
            self._trail.record(session, caller, "add_group_member", group=guid, user_guid=user_guid)
            return user

        user = await self._db.write(write)
        self._sessions.people_changed([user_guid])
        return user

    async def remove_member(self, caller: Caller, guid: str, user_guid: str) -> None:
        """Remove a person, who may be the caller herself; what she saw by the group closes at once.

        Raises ApiError 403, 404.
        """

        def write(session: Session) -> None:
            herself = user_guid == caller.guid
            group = _visible(session, caller, guid) if herself else _managed(session, caller, guid)
            store.leave(session, group.id, user_guid)
            self._trail.record(session, caller, "remove_group_member", group=guid, user_guid=user_guid)

        await self._db.write(write)
        self._sessions.people_changed([user_guid])

    async def delete(self, caller: Caller, guid: str) -> None:
        """Delete a group and its entries in every access list. Raises ApiError 403, 404, 409 (see store.drop)."""

        def write(session: Session) -> store.Dropped:
            group = _managed(session, caller, guid)
            dropped = store.drop(session, group.id, guid)
            self._trail.record(session, caller, "remove_group", group=guid, name=group.name)
            return dropped

        dropped = await self._db.write(write)
        self._told(dropped.members, dropped.content)

    def _told(self, members: Iterable[str], content: Iterable[str]) -> None:
        self._sessions.people_changed(members)
        for guid in content:
            self._directory.forget(guid)


def _visible(session: Session, caller: Caller, guid: str) -> GroupView:
    group = store.by_guid(session, guid)
    if not may_see(caller, guid) and not may_manage(caller, group.owner_id):
        raise not_found("group")
    return group


def _managed(session: Session, caller: Caller, guid: str) -> GroupView:
    group = _visible(session, caller, guid)
    if not may_manage(caller, group.owner_id):
        raise denied(NOT_YOURS)
    return group
