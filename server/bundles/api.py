"""Bundles by API: upload, list, read, download, delete (connect-api.md 2.2, 2.3)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from server.access.guard import Guard
from server.audit.trail import Trail
from server.bundles import store
from server.bundles.receive import receive
from server.bundles.shelf import Shelf
from server.db.engine import Database
from server.db.models import Bundle
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.routes import Routes, empty_reply, guid_in, json_reply, number_in

LOCKED = 222


class BundlesApi:
    """The bundles of one content item."""

    def __init__(self, db: Database, shelf: Shelf, guard: Guard, trail: Trail) -> None:
        self._db, self._shelf, self._guard, self._trail = db, shelf, guard, trail

    async def upload(self, request: Request, caller: Caller) -> Response:
        """Store a new version; acknowledged only when files and record are durable."""
        view = await self._guard.editable(caller, guid_in(request))
        if view.locked:
            raise ApiError(409, LOCKED, "This content is locked; an administrator can unlock it.")
        upload = await receive(request, self._shelf.incoming, self._shelf.limit)
        folder = str(uuid.uuid4())
        manifest = await asyncio.to_thread(self._shelf.shelve, upload, folder)
        details = {"folder": folder, "md5": upload.md5, "sha1": upload.sha1, "metadata": upload.metadata}

        def write(session: Session) -> dict[str, Any]:
            row = Bundle(
                content_id=view.id,
                created_by=caller.guid,
                size=upload.size,
                sha256=upload.sha256,
                app_mode=manifest.app_mode,
                entrypoint=manifest.entrypoint or "",
                details=details,
            )
            store.add(session, row)
            self._trail.record(session, caller, "add_bundle", content_guid=view.guid, bundle_id=row.id)
            return store.bundle_object(row, view.guid, active=False)

        try:
            return json_reply(await self._db.write(write))
        except BaseException:
            await asyncio.to_thread(self._shelf.discard, [folder])
            raise

    async def listing(self, request: Request, caller: Caller) -> Response:
        """Every bundle, newest first."""
        view = await self._guard.readable(caller, guid_in(request))
        rows = await self._db.read(store.listing, view.id)
        return json_reply([store.bundle_object(r, view.guid, active=r.id == view.bundle_id) for r in rows])

    async def one(self, request: Request, caller: Caller) -> Response:
        """One bundle."""
        view = await self._guard.readable(caller, guid_in(request))
        row = await self._db.read(store.get, view.id, number_in(request, "id"))
        return json_reply(store.bundle_object(row, view.guid, active=row.id == view.bundle_id))

    async def download(self, request: Request, caller: Caller) -> Response:
        """The archive as it was uploaded; collaborators only (B-09), never shown in a browser (G-27)."""
        view = await self._guard.editable(caller, guid_in(request))
        row = await self._db.read(store.get, view.id, number_in(request, "id"))
        return FileResponse(
            self._shelf.archive(store.folder_of(row)),
            media_type="application/gzip",
            filename=f"bundle-{row.id}.tar.gz",
            headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
        )

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Delete a bundle that is not active."""
        view = await self._guard.editable(caller, guid_in(request))
        number = number_in(request, "id")

        def write(session: Session) -> str:
            folder = store.remove(session, view.id, number)
            self._trail.record(session, caller, "remove_bundle", content_guid=view.guid, bundle_id=number)
            return folder

        folder = await self._db.write(write)
        await asyncio.to_thread(self._shelf.discard, [folder])
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        routes.post("/v1/content/{guid}/bundles", role="publisher")(self.upload)
        routes.get("/v1/content/{guid}/bundles", content_key=True)(self.listing)
        routes.get("/v1/content/{guid}/bundles/{id}", content_key=True)(self.one)
        routes.get("/v1/content/{guid}/bundles/{id}/download")(self.download)
        routes.delete("/v1/content/{guid}/bundles/{id}", role="publisher")(self.remove)
        return routes
