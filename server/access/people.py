"""The people and groups of a content item as its settings page lists and changes them."""

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
from server.groups import store as groups
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.paging import Paging

MOST_SUGGESTED = 200
GROUP = "group:"
NOT_LOCKED = accounts.Wanted(statuses=frozenset({"licensed", "inactive"}))


@dataclass(frozen=True)
class Listed:
    """A person or a group with access; role `owner` is a collaborator, and the owner herself has no `number`.

    A group has its name as `name`, no `username`, and how many people are in it as `members`.
    """

    number: int | None
    guid: str
    username: str
    name: str
    role: str
    kind: str = "user"
    members: int = 0


@dataclass(frozen=True)
class Suggested:
    """Somebody who could be given access, or a group: what to type, and what it means."""

    username: str
    name: str
    kind: str = "user"


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
    people = (
        select(Permission, User)
        .join(User, col(User.guid) == Permission.principal_guid)
        .where(Permission.content_id == view.id, Permission.principal_type == "user")
    )
    entries = [Listed(row.id, u.guid, u.username, _name(u), row.role) for row, u in session.exec(people).all()]
    by_guid = groups.by_guids(session, view.groups)
    for row in store.entries(session, view.id):
        if row.principal_type == "group" and row.principal_guid in by_guid:
            group = by_guid[row.principal_guid]
            entries.append(Listed(row.id, group.guid, "", group.name, row.role, "group", group.members))
    listed = [Listed(None, owner.guid, owner.username, _name(owner), "creator")]
    listed += sorted(entries, key=lambda entry: entry.number or 0)
    everyone, total = accounts.list_users(session, NOT_LOCKED, Paging(1, MOST_SUGGESTED))
    teams, _total = groups.listing(session, paging=Paging(1, MOST_SUGGESTED))
    there = {entry.guid for entry in listed}
    names = {user.username_key for user in everyone}
    suggested = [Suggested(_typed(g, names), _people(g.members), "group") for g in teams if g.guid not in there]
    suggested += [Suggested(u.username, _name(u)) for u in everyone if u.guid not in there]
    return PeopleView(tuple(listed), tuple(suggested), total)


def _typed(group: groups.GroupView, usernames: set[str]) -> str:
    """What to type for a group."""
    return GROUP + group.name if groups.name_key(group.name) in usernames else group.name


def _people(number: int) -> str:
    return "Group of one person" if number == 1 else f"Group of {number} people"


def resolve(session: Session, typed: str) -> tuple[str, str, str]:
    """Who is meant by a username or a group's name: the kind, the GUID, what to call it. Raises ApiError 400.

    Where a person and a group have the same name the person is meant; no username begins with `group:`.
    """
    said_group = typed.removeprefix(GROUP).strip() if typed.startswith(GROUP) else None
    user = None if said_group is not None else accounts.by_name(session, typed)
    group = groups.by_name(session, typed if said_group is None else said_group)
    if user is not None:
        return "user", user.guid, _name(user) or user.username
    if group is not None:
        return "group", group.guid, f"Everybody in {group.name}"
    raise ApiError(
        400, store.NO_SUCH_PRINCIPAL, "Nobody here has this username, and no group this name; check its spelling."
    )


class ContentPeople:
    """Reads and changes who has access; the caller has checked that the actor may (server.access.guard)."""

    def __init__(self, db: Database, directory: Directory, trail: Trail) -> None:
        self._db, self._directory, self._trail = db, directory, trail

    async def of(self, view: ContentView) -> PeopleView:
        """The people and groups of one content item. Seven statements."""
        return await self._db.read(_read, view)

    async def add(self, actor: Caller, view: ContentView, typed: str, role: str) -> str:
        """Give a person (by username) or a group (by name) access, or change what they have.

        `role` is `viewer`, or `owner` for a collaborator. Returns what to call them. Raises ApiError 400 for
        unknown people and groups, and impossible roles.
        """

        def write(session: Session) -> str:
            kind, guid, called = resolve(session, typed)
            store.put(session, view.id, view.owner_guid, guid, role, kind)
            what = {f"{kind}_guid": guid, "role": role}
            self._trail.record(session, actor, "add_permission", content_guid=view.guid, **what)
            return called

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
