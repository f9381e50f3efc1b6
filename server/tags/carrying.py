"""Hangs tags on content and takes them off, each in one transaction with its audit event; and shows the tree."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from server.audit.trail import Trail
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Tag
from server.tags import store
from server.web.caller import Caller


@dataclass(frozen=True)
class Placed:
    """A tag with the names of what is above it, its category first."""

    number: int
    name: str
    above: tuple[str, ...]


class Carrying:
    """What content carries; the caller has checked that the actor may change it (server.access.guard)."""

    def __init__(self, db: Database, trail: Trail) -> None:
        self._db, self._trail = db, trail

    async def put_on(self, actor: Caller, view: ContentView, tag_id: int) -> list[Tag]:
        """Let content carry a tag and what is above it; gives what it then carries. Raises ApiError 400 (79, 158)."""

        def write(session: Session) -> list[Tag]:
            store.put_on(session, view.id, tag_id)
            self._trail.record(session, actor, "add_content_tag", content_guid=view.guid, id=str(tag_id))
            return store.of_content(session, view.id)

        return await self._db.write(write)

    async def take_off(self, actor: Caller, view: ContentView, tag_id: int) -> list[Tag]:
        """Take a tag and what is below it off content; gives what it still carries. Raises ApiError 404."""

        def write(session: Session) -> list[Tag]:
            store.take_off(session, view.id, tag_id)
            self._trail.record(session, actor, "remove_content_tag", content_guid=view.guid, id=str(tag_id))
            return store.of_content(session, view.id)

        return await self._db.write(write)


def placed(tags: list[Tag]) -> list[Placed]:
    """Every tag that is no category, in the order of the tree: by what is above it, then by name."""
    by_id = {tag.id: tag for tag in tags}
    found = []
    for tag in tags:
        above: list[str] = []
        parent = by_id.get(tag.parent_id)
        while parent is not None and len(above) < len(tags):
            above.insert(0, parent.name)
            parent = by_id.get(parent.parent_id)
        if above:
            found.append(Placed(tag.id or 0, tag.name, tuple(above)))
    return sorted(found, key=lambda one: tuple(name.casefold() for name in (*one.above, one.name)))
