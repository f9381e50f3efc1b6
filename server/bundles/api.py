"""Bundles by API: upload, list, read, download, delete (connect-api.md 2.2, 2.3)."""

from __future__ import annotations

import asyncio

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from integrations.http import OutboundClient
from server.access.guard import Guard
from server.audit.trail import Trail
from server.bundles import remote, store
from server.bundles.intake import Intake, check_unlocked
from server.bundles.receive import INVALID_URL, Elsewhere, Limits, Upload, receive
from server.bundles.wire import BundleObject, BundleQuery, UploadForm, UploadHeaders, UploadQuery, bundle_object
from server.db.engine import Database
from server.web.body import read_form
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import ApiError, invalid
from server.web.routes import Routes, empty_reply, guid_in, json_reply, number_in, truth, whole

GIT_MANAGED = 144
FORM = "application/x-www-form-urlencoded"


class BundlesApi:
    """The bundles of one content item. `patience` is for how many seconds an upload may stand still."""

    def __init__(
        self, db: Database, intake: Intake, outbound: OutboundClient, guard: Guard, trail: Trail, *, patience: float
    ) -> None:
        self._db, self._intake, self._outbound, self._guard, self._trail = db, intake, outbound, guard, trail
        self._shelf, self._limits = intake.shelf, Limits(intake.shelf.limit, patience)

    async def upload(self, request: Request, caller: Caller) -> Response:
        """Store a new version; acknowledged only when files and record are durable."""
        view = await self._guard.editable(caller, guid_in(request))
        check_unlocked(view)
        if await self._db.read(store.comes_from_git, view.id):
            raise ApiError(
                409,
                GIT_MANAGED,
                "This content is deployed from a git repository; remove its repository settings first.",
            )
        row = await self._intake.keep(caller, view, await self._received(request))
        return json_reply(bundle_object(row, view.guid, active=False))

    async def _received(self, request: Request) -> Upload:
        """The archive of a request: its body, a part of it, or what lies at the address it names."""
        url = request.query_params.get("url")
        if url is None and request.headers.get("content-type", "").split(";")[0].strip().lower() == FORM:
            url = (await read_form(request)).get("url", "")
        found = Elsewhere(url, {}) if url is not None else await receive(request, self._shelf.incoming, self._limits)
        if isinstance(found, Upload):
            return found
        if not found.url:
            raise invalid("The url of the bundle is empty.", INVALID_URL)
        return await remote.fetch(self._outbound, found.url, self._shelf.incoming, self._limits.size, found.metadata)

    async def listing(self, request: Request, caller: Caller) -> Response:
        """The versions of a content item, newest first; all of them unless a page is asked for."""
        view = await self._guard.readable(caller, guid_in(request))
        page, size = whole(request, "page_number", 1, low=1), whole(request, "page_size", 20, low=1, high=500)
        paged = bool({"page_number", "page_size"} & request.query_params.keys())
        ascending = truth(request, "asc_order", False)

        def read(session: Session) -> list[BundleObject]:
            rows = store.listing(session, view.id, ascending=ascending, page=page, size=size if paged else None)
            return [bundle_object(row, view.guid, active=row.id == view.bundle_id) for row in rows]

        return json_reply(await self._db.read(read))

    async def one(self, request: Request, caller: Caller) -> Response:
        """One bundle."""
        view = await self._guard.readable(caller, guid_in(request))
        row = await self._db.read(store.get, view.id, number_in(request, "id"))
        return json_reply(bundle_object(row, view.guid, active=row.id == view.bundle_id))

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
        routes, path = Routes(), "/v1/content/{guid}/bundles"
        forms = (("application/x-gzip", bytes), ("multipart/form-data", UploadForm), (FORM, UploadQuery))
        takes = Says(
            body=bytes,
            body_type="application/gzip",
            optional_body=True,
            other_bodies=forms,
            query=UploadQuery,
            headers=UploadHeaders,
            reply=BundleObject,
            fails=(408, 409, 507),
            refuses="What is sent, or lies at `url`, must be a tar.gz with a manifest.json (38, 104, 135, 232, 233).",
        )
        routes.post(path, role="publisher", says=takes)(self.upload)
        routes.get(path, content_key=True, says=Says(reply=list[BundleObject], query=BundleQuery))(self.listing)
        routes.get(f"{path}/{{id}}", content_key=True, says=Says(reply=BundleObject))(self.one)
        gives = Says(reply=bytes, reply_type="application/gzip")
        routes.get(f"{path}/{{id}}/download", says=gives)(self.download)
        routes.delete(f"{path}/{{id}}", role="publisher", says=Says(status=204, fails=(409,)))(self.remove)
        return routes
