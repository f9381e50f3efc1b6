"""Packages by API: of one content item, of all content, and as a lock file (connect-api.md 2.2)."""

from __future__ import annotations

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from server.access.guard import Guard
from server.db.engine import Database
from server.packages import store
from server.packages.wire import (
    LARGEST_PAGE,
    ContentPackage,
    PackageQuery,
    ServerPackage,
    content_package,
    lockfile,
    server_package,
)
from server.web.caller import Caller
from server.web.described import PageOf, Says
from server.web.errors import NOT_FOUND, ApiError, invalid
from server.web.routes import Routes, empty_reply, guid_in, json_reply, truth, whole

LANGUAGES = ("python", "r")


class PackagesApi:
    """What the versions that serve are made of."""

    def __init__(self, db: Database, guard: Guard) -> None:
        self._db, self._guard = db, guard

    async def of_content(self, request: Request, caller: Caller) -> Response:
        """The packages of what a content item serves, by name; nothing where it was never deployed."""
        view = await self._guard.readable(caller, guid_in(request))
        if view.bundle_id is None:
            return empty_reply()
        rows = await self._db.read(store.of_content, view.id)
        return json_reply([content_package(row) for row in rows])

    async def everywhere(self, request: Request, _caller: Caller) -> Response:
        """A page of the packages of all content, by language and name."""
        page = whole(request, "page_number", 1, low=1)
        size = whole(request, "page_size", 20, low=1, high=LARGEST_PAGE)
        ascending = truth(request, "asc_order", True)
        name, language = request.query_params.get("name"), request.query_params.get("language")
        if language is not None and language not in LANGUAGES:
            raise invalid(f"language must be one of {', '.join(LANGUAGES)}.")

        def read(session: Session) -> PageOf[ServerPackage]:
            rows, total = store.page(session, number=page, size=size, ascending=ascending, name=name, language=language)
            return {"results": [server_package(*row) for row in rows], "current_page": page, "total": total}

        return json_reply(await self._db.read(read))

    async def lock(self, request: Request, caller: Caller) -> Response:
        """The exact packages of what a content item serves, as a requirements.txt.lock."""
        view = await self._guard.editable(caller, guid_in(request))
        rows = await self._db.read(store.of_content, view.id)
        rows = [row for row in rows if row.language == store.PYTHON]
        if not rows:
            raise ApiError(
                404,
                NOT_FOUND,
                "There is no lockfile: this content serves no version whose Python environment the server built.",
            )
        version = rows[0].language_version
        headers = {"Generated-By": f"Tabard; python={version}", "Cache-Control": "no-store"}
        return PlainTextResponse(lockfile(rows, version), headers=headers)

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        here = "/v1/content/{guid}"
        routes.get(f"{here}/packages", says=Says(reply=list[ContentPackage], also=((204, None),)))(self.of_content)
        routes.get(f"{here}/lockfile", role="publisher", says=Says(reply=str, reply_type="text/plain"))(self.lock)
        routes.get("/v1/packages", role="administrator", says=Says(reply=PageOf[ServerPackage], query=PackageQuery))(
            self.everywhere
        )
        return routes
