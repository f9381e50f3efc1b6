"""The people of a content item as its settings page lists and changes them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from server.access import store
from server.accounts import store as accounts
from server.audit.trail import Trail
from server.content.directory import Directory
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Permission, User
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.paging import Paging

MOST_SUGGESTED = 200
NOT_LOCKED = accounts.Wanted(statuses=frozenset({"licensed", "inactive"}))


@dataclass(frozen=True)
class Listed:
    """One person with access; role `owner` is a collaborator, and the owner herself has no `number`."""

    number: int | None
    guid: str
    username: str
    name: str
    role: str


@dataclass(frozen=True)
class Suggested:
    """Somebody who could be given access."""

    username: str
    name: str


@dataclass(frozen=True)
class PeopleView:
    """The owner first, then the access list in the order it was made; whom to suggest; and how many accounts."""

    listed: tuple[Listed, ...]
    suggested: tuple[Suggested, ...]
    accounts: int


def _name(user: User) -> str:
    return f"{user.first_name} {user.last_name}".strip()


def _read(session: Session, view: ContentView) -> PeopleView:
    owner = session.exec(select(User).where(User.id == view.owner_id)).one()
    query = (
        select(Permission, User)
        .join(User, col(User.guid) == Permission.principal_guid)
        .where(Permission.content_id == view.id, Permission.principal_type == "user")
        .order_by(col(Permission.id))
    )
    listed = [Listed(None, owner.guid, owner.username, _name(owner), "creator")]
    listed += [Listed(row.id, u.guid, u.username, _name(u), row.role) for row, u in session.exec(query).all()]
    everyone, total = accounts.list_users(session, NOT_LOCKED, Paging(1, MOST_SUGGESTED))
    there = {person.guid for person in listed}
    suggested = tuple(Suggested(u.username, _name(u)) for u in everyone if u.guid not in there)
    return PeopleView(tuple(listed), suggested, total)


class ContentPeople:
    """Reads and changes who has access; the caller has checked that the actor may (server.access.guard)."""

    def __init__(self, db: Database, directory: Directory, trail: Trail) -> None:
        self._db, self._directory, self._trail = db, directory, trail

    async def of(self, view: ContentView) -> PeopleView:
        """The people of one content item. Four statements."""
        return await self._db.read(_read, view)

    async def add(self, actor: Caller, view: ContentView, username: str, role: str) -> str:
        """Give a person access (`viewer`, or `owner` for a collaborator), or change what she has.

        Returns what to call her. Raises ApiError 400 for unknown people and impossible roles.
        """

        def write(session: Session) -> str:
            user = accounts.by_name(session, username)
            if user is None:
                raise ApiError(400, store.NO_SUCH_PRINCIPAL, "Nobody here has this username; check its spelling.")
            store.put(session, view.id, view.owner_guid, user.guid, role)
            self._trail.record(session, actor, "add_permission", content_guid=view.guid, user_guid=user.guid, role=role)
            return _name(user) or user.username

        called = await self._db.write(write)
        self._directory.forget(view.guid)
        return called

    async def remove(self, actor: Caller, view: ContentView, number: int) -> None:
        """Take access away; open pages of that person close. Raises ApiError 404."""

        def write(session: Session) -> None:
            kind, principal = store.remove(session, view.id, number)
            who = {f"{kind}_guid": principal}
            self._trail.record(session, actor, "remove_permission", content_guid=view.guid, **who)

        await self._db.write(write)
        self._directory.forget(view.guid)
