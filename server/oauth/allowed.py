"""Who among the publishers may use an integration, as a page lists and changes it; nobody listed means all of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from server.access.people import resolve
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration, User
from server.groups import store as groups
from server.oauth import permissions, store
from server.oauth.integrations import Integrations
from server.web.caller import Caller
from server.web.errors import ApiError, not_found


@dataclass(frozen=True)
class Entry:
    """A person (with a username) or a group (with its number of people) on the list; `gone`: neither is any more."""

    guid: str
    name: str
    username: str = ""
    members: int = 0
    gone: bool = False


class Allowed:
    """The list of one integration at a time. Who may change it is the caller's to decide."""

    def __init__(self, db: Database, integrations: Integrations, trail: Trail) -> None:
        self._db, self._integrations, self._trail = db, integrations, trail

    async def of(self, row: Integration) -> tuple[Entry, ...]:
        """The list, in the order it was made. Two statements."""
        return await self._db.read(_entries, row) if row.permissions else ()

    async def add(self, actor: Caller, guid: str, typed: str) -> str:
        """Let a person (by username) or a group (by name) use it; returns what to call them. Raises ApiError."""
        called = await self._db.write(self._add, actor, guid, typed)
        self._integrations.tell_changed()
        return called

    def _add(self, session: Session, actor: Caller, guid: str, typed: str) -> str:
        kind, principal, called = resolve(session, typed)
        row = store.by_guid(session, guid, lock=True)
        if any(entry.get(f"{kind}_guid") == principal for entry in row.permissions):
            raise ApiError(400, permissions.CODES[kind], f"{called} may use it already.")
        if len(row.permissions) >= permissions.MOST:
            raise ApiError(
                400, permissions.CODES[kind], f"The list is full; {permissions.MOST} is the most. Add a group."
            )
        number = 1 + max((int(entry["id"]) for entry in row.permissions), default=0)
        entry = {"id": str(number), "guid": str(uuid.uuid4()), "user_guid": None, "group_guid": None}
        self._keep(session, actor, row, [*row.permissions, entry | {f"{kind}_guid": principal}], added=principal)
        return called

    async def remove(self, actor: Caller, guid: str, entry_guid: str) -> int:
        """Take an entry from the list; returns how many are left. Raises ApiError 404."""
        left = await self._db.write(self._remove, actor, guid, entry_guid)
        self._integrations.tell_changed()
        return left

    def _remove(self, session: Session, actor: Caller, guid: str, entry_guid: str) -> int:
        row = store.by_guid(session, guid, lock=True)
        gone = next((entry for entry in row.permissions if entry["guid"] == entry_guid), None)
        if gone is None:
            raise not_found("entry")
        rest = [entry for entry in row.permissions if entry is not gone]
        self._keep(session, actor, row, rest, removed=gone["user_guid"] or gone["group_guid"])
        return len(rest)

    def _keep(
        self, session: Session, actor: Caller, row: Integration, entries: list[dict[str, Any]], **facts: str
    ) -> None:
        row.permissions, row.updated_time = entries, now()
        session.add(row)
        self._trail.record(
            session, actor, "edit_oauth_integration", integration=row.guid, fields=["permissions"], **facts
        )


def _entries(session: Session, row: Integration) -> tuple[Entry, ...]:
    people = {entry["user_guid"] for entry in row.permissions if entry.get("user_guid")}
    users = {user.guid: user for user in session.exec(select(User).where(col(User.guid).in_(people))).all()}
    teams = groups.by_guids(session, {entry["group_guid"] for entry in row.permissions if entry.get("group_guid")})
    found = []
    for entry in row.permissions:
        user, team = users.get(entry.get("user_guid") or ""), teams.get(entry.get("group_guid") or "")
        if user is not None:
            name = f"{user.first_name} {user.last_name}".strip()
            found.append(Entry(entry["guid"], name or user.username, user.username))
        elif team is not None:
            found.append(Entry(entry["guid"], team.name, members=team.members))
        else:
            found.append(Entry(entry["guid"], "Somebody who is gone", gone=True))
    return tuple(found)
