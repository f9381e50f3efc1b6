"""The paths of content's own: changes of them, and in memory which content a path leads to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session

from server.access.policy import may_edit
from server.audit.trail import Trail
from server.content.directory import Directory
from server.content.view import ContentView
from server.db.engine import Database
from server.vanity import store
from server.vanity.paths import is_reserved, normal
from server.vanity.wire import VanityObject, vanity_object
from server.web.caller import Caller
from server.web.errors import ApiError, denied
from server.web.remembered import Remembered

# No path has more names than fit into its length.
MOST_NAMES = 100


@dataclass(frozen=True)
class Led:
    """Where a path leads: the content, and the raw path below the content's own, from its slash on."""

    content_guid: str
    inside: str


def _table(session: Session) -> dict[str, str]:
    return {row.path_key: guid for row, guid in store.everything(session)}


class Vanities:
    """Finds content by path without the database once warm; `served` are the first names of the server's own paths."""

    def __init__(self, db: Database, directory: Directory, trail: Trail) -> None:
        self._db, self._directory, self._trail = db, directory, trail
        self._known: Remembered[None, dict[str, str]] = Remembered(
            lambda _: db.read(_table), changes=db.changes, tables=("vanities", "content")
        )
        self.served: frozenset[str] = frozenset()

    def reserve(self, names: Iterable[str]) -> None:
        """These first names of paths are the server's own, whatever content had them before."""
        self.served |= {name.lower() for name in names}

    async def find(self, path: str) -> Led | None:
        """Where a raw path leads; None for the server's own paths and for those nobody has."""
        if is_reserved(path, self.served):
            return None
        known = await self._known.get(None)
        if not known:
            return None
        end = 0
        for _ in range(MOST_NAMES):
            end = path.find("/", end + 1)
            whole = end < 0
            guid = known.get((path if whole else path[:end]).lower() + "/")
            if guid is not None:
                return Led(guid, "/" if whole else path[end:])
            if whole:
                return None
        return None

    async def put(self, caller: Caller, view: ContentView, path: str, *, force: bool) -> VanityObject:
        """Give content a path; with `force` also one that other content has which the caller may change.

        Raises ApiError: 400 code 52, 409 code 51, 403 where that other content is not the caller's to change.
        """
        path = normal(path, self.served)
        taken_from = await self._db.read(store.holder, path)
        if taken_from == view.guid:
            taken_from = None
        if taken_from is not None and not force:
            raise ApiError(409, store.IN_USE, "Other content has this path already; choose another, or send force.")
        if taken_from is not None:
            other = await self._directory.by_guid(taken_from)
            if other is not None and not may_edit(caller, other):
                raise denied("This path is other content's, which is not yours to change; ask an administrator.")

        def write(session: Session) -> VanityObject:
            row = store.put(session, view.id, path, taken_from=taken_from)
            more = {} if taken_from is None else {"taken_from": taken_from}
            self._trail.record(session, caller, "set_vanity", content_guid=view.guid, path=path, **more)
            return vanity_object(row, view.guid)

        made = await self._db.write(write)
        self.forget()
        return made

    async def remove(self, caller: Caller, view: ContentView) -> None:
        """Take the path of a content item away. Raises ApiError 404 where it has none."""

        def write(session: Session) -> None:
            row = store.remove(session, view.id)
            self._trail.record(session, caller, "remove_vanity", content_guid=view.guid, path=row.path)

        await self._db.write(write)
        self.forget()

    def forget(self) -> None:
        """A path was given, moved or taken away."""
        self._known.forget_all()
