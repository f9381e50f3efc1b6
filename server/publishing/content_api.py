"""Content records by API: create, read, change, delete (connect-api.md 2.1, 2.2)."""

from __future__ import annotations

import asyncio

from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.audit.trail import Trail
from server.bundles import store as bundles
from server.bundles.shelf import Shelf
from server.content import store
from server.content.directory import Directory
from server.content.editing import Editing
from server.db.engine import Database
from server.db.models import Bundle
from server.instances.pool import Pool
from server.publishing.fields import changes_from
from server.publishing.records import Records, include_of
from server.publishing.wire import ContentChange, ContentObject, IncludeQuery, LegacyContent, NewContent
from server.thumbnails.thumbnails import Thumbnails
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import denied
from server.web.routes import Routes, empty_reply, guid_in, json_reply, number_in


class ContentApi:
    """The content records."""

    def __init__(
        self,
        db: Database,
        directory: Directory,
        guard: Guard,
        trail: Trail,
        shelf: Shelf,
        *,
        thumbnails: Thumbnails,
        pool: Pool,
        records: Records,
    ) -> None:
        self._db, self._directory, self._guard, self._trail = db, directory, guard, trail
        self._shelf, self._thumbnails, self._pool, self._records = shelf, thumbnails, pool, records
        self._editing = Editing(db, directory, trail)

    async def create(self, request: Request, caller: Caller) -> Response:
        """A new, undeployed content item."""
        fields = changes_from(Fields(await read_object(request)), caller, creating=True)

        def write(session: Session) -> ContentObject:
            content = store.add(session, caller.user_id, fields)
            self._trail.record(session, caller, "add_content", content_guid=content.guid, name=content.name)
            return self._records.one(session, content.guid, caller)

        return json_reply(await self._db.write(write))

    async def one(self, request: Request, caller: Caller) -> Response:
        """One content item."""
        view = await self._guard.readable(caller, guid_in(request))
        return json_reply(await self._db.read(self._records.one, view.guid, caller, include_of(request)))

    async def change(self, request: Request, caller: Caller) -> Response:
        """Change a content item; an empty object changes nothing and returns it."""
        view = await self._guard.editable(caller, guid_in(request))
        fields = changes_from(Fields(await read_object(request)), caller)
        given_away = fields.get("owner_guid", view.owner_guid) != view.owner_guid
        if given_away and not caller.has("administrator"):
            raise denied("Only an administrator gives content to somebody else.")

        def write(session: Session) -> ContentObject:
            if fields:
                self._editing.write(session, caller, view, fields)
            return self._records.one(session, view.guid, caller)

        answer = await self._db.write(write)
        if fields:
            self._directory.forget(view.guid)
        if given_away:  # what runs holds a key of the owner before
            self._pool.retire(view.guid, now=True)
        return json_reply(answer)

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Delete a content item with its versions, access list and associations; its apps stop."""
        view = await self._guard.editable(caller, guid_in(request))

        def write(session: Session) -> tuple[list[str], list[str]]:
            rows = session.exec(select(Bundle).where(Bundle.content_id == view.id)).all()
            folders, pictures = [bundles.folder_of(row) for row in rows], self._thumbnails.files_of(session, view.id)
            store.drop(session, view.guid)
            self._trail.record(session, caller, "remove_content", content_guid=view.guid, name=view.name)
            return folders, pictures

        folders, pictures = await self._db.write(write)
        self._directory.forget(view.guid)
        self._pool.retire(view.guid, now=True)
        await asyncio.to_thread(self._shelf.discard, folders)
        await asyncio.to_thread(self._thumbnails.discard, pictures)
        return empty_reply()

    async def by_number(self, request: Request, caller: Caller) -> Response:
        """The GUID of content that an old client knows by its number."""
        number = number_in(request, "id")
        content = await self._db.read(store.by_id, number)
        view = await self._guard.readable(caller, content.guid)
        found: LegacyContent = {
            "id": number,
            "guid": view.guid,
            "name": view.name,
            "title": content.title,
            "url": f"{self._records.origin}{view.path}/",
        }
        return json_reply(found)

    def routes(self) -> Routes:
        """The declared routes."""
        routes, one = Routes(), "/v1/content/{guid}"
        fitting = "min_processes must not be above max_processes."
        made = Says(reply=ContentObject, body=NewContent, optional_body=True, fails=(409,), refuses=fitting)
        routes.post("/v1/content", role="publisher", says=made)(self.create)
        routes.get(one, content_key=True, says=Says(reply=ContentObject, query=IncludeQuery))(self.one)
        needs = f"{fitting} owner_guid must name a publisher (code 156), and content that acts for its viewers"
        needs += " cannot be open to anyone (code 237)."
        changed = Says(reply=ContentObject, body=ContentChange, optional_body=True, fails=(409,), refuses=needs)
        routes.patch(one, role="publisher", says=changed)(self.change)
        routes.delete(one, role="publisher", says=Says(status=204))(self.remove)
        routes.get("/applications/{id}", says=Says(reply=LegacyContent, deprecated=True))(self.by_number)
        return routes
