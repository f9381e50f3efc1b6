"""Content records by API: list, create, read, change, delete, search (connect-api.md 2.1, 2.2)."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.access.policy import may_edit, standing
from server.audit.trail import Trail
from server.bundles import store as bundles
from server.bundles.shelf import Shelf
from server.content import store
from server.content.directory import Directory, load_view, views_of
from server.content.editing import Editing
from server.content.view import ContentView
from server.content.wire import content_object, owner_object
from server.db.engine import Database
from server.db.models import Bundle, Content, User
from server.instances.pool import Pool
from server.publishing.fields import changes_from
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.errors import ApiError, denied
from server.web.routes import Routes, empty_reply, guid_in, json_reply, whole

INVALID_INCLUDE = 161
INCLUDES = frozenset({"tags", "owner", "vanity_url", "bookmarked", "schedule"})


def _include(request: Request) -> frozenset[str]:
    wanted = frozenset(w for w in request.query_params.get("include", "").split(",") if w)
    if not wanted <= INCLUDES:
        raise ApiError(400, INVALID_INCLUDE, f"include may list {', '.join(sorted(INCLUDES))}.")
    return wanted


def _seen_by(caller: Caller) -> str | None:
    """Whose access bounds a list; None for administrators, who see everything."""
    return None if caller.has("administrator") and caller.via != "content" else caller.guid


class ContentApi:
    """The content records."""

    def __init__(
        self, db: Database, directory: Directory, guard: Guard, trail: Trail, shelf: Shelf, pool: Pool, origin: str
    ) -> None:
        self._db, self._directory, self._guard, self._trail = db, directory, guard, trail
        self._shelf, self._pool, self._origin = shelf, pool, origin
        self._editing = Editing(db, directory, trail)

    def _object(
        self, content: Content, owner: User, view: ContentView, caller: Caller, include: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        role = standing(caller, view)
        full = may_edit(caller, view) or role == "owner"
        shown = content_object(content, owner, origin=self._origin, app_role=role, full=full)
        return shown | ({"owner": owner_object(owner)} if "owner" in include else {})

    def _one(self, session: Session, guid: str, caller: Caller, include: frozenset[str]) -> dict[str, Any]:
        content = store.by_guid(session, guid)
        owner = session.exec(select(User).where(User.id == content.owner_id)).one()
        view = load_view(session, guid)
        assert view is not None
        return self._object(content, owner, view, caller, include)

    async def listing(self, request: Request, caller: Caller) -> Response:
        """Everything the caller may open (administrators: everything), last deployed first."""
        include, query = _include(request), request.query_params

        def read(session: Session) -> list[dict[str, Any]]:
            rows = store.listing(
                session, viewer_guid=_seen_by(caller), name=query.get("name"), owner_guid=query.get("owner_guid")
            )
            if caller.via == "content":
                # An app's own key speaks for this one item, whatever else its owner may see.
                rows = [row for row in rows if row[0].guid == caller.content_guid]
            return self._listed(session, rows, caller, include)

        return json_reply(await self._db.read(read))

    def _listed(
        self, session: Session, rows: list[tuple[Content, User]], caller: Caller, include: frozenset[str]
    ) -> list[dict[str, Any]]:
        views = views_of(session, rows)
        return [self._object(*row, view, caller, include) for row, view in zip(rows, views, strict=True)]

    async def search(self, request: Request, caller: Caller) -> Response:
        """A page of content whose name, title or description holds `q`."""
        include = _include(request)
        page, size = whole(request, "page_number", 1, low=1), whole(request, "page_size", 20, low=1, high=500)

        def read(session: Session) -> dict[str, Any]:
            rows = store.listing(session, viewer_guid=_seen_by(caller), text=request.query_params.get("q", "")[:256])
            part = rows[(page - 1) * size : page * size]
            results = self._listed(session, part, caller, include)
            return {"results": results, "current_page": page, "total": len(rows)}

        return json_reply(await self._db.read(read))

    async def create(self, request: Request, caller: Caller) -> Response:
        """A new, undeployed content item."""
        fields = changes_from(Fields(await read_object(request)), caller, creating=True)

        def write(session: Session) -> dict[str, Any]:
            content = store.add(session, caller.user_id, fields)
            self._trail.record(session, caller, "add_content", content_guid=content.guid, name=content.name)
            return self._one(session, content.guid, caller, frozenset())

        return json_reply(await self._db.write(write))

    async def one(self, request: Request, caller: Caller) -> Response:
        """One content item."""
        view = await self._guard.readable(caller, guid_in(request))
        return json_reply(await self._db.read(self._one, view.guid, caller, _include(request)))

    async def change(self, request: Request, caller: Caller) -> Response:
        """Change a content item; an empty object changes nothing and returns it."""
        view = await self._guard.editable(caller, guid_in(request))
        fields = changes_from(Fields(await read_object(request)), caller)
        if "owner_guid" in fields and not (caller.has("administrator") or view.owner_guid == caller.guid):
            raise denied("Only the owner or an administrator gives content away.")

        def write(session: Session) -> dict[str, Any]:
            if fields:
                self._editing.write(session, caller, view, fields)
            return self._one(session, view.guid, caller, frozenset())

        answer = await self._db.write(write)
        if fields:
            self._directory.forget(view.guid)
        return json_reply(answer)

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Delete a content item with its versions, access list and associations; its apps stop."""
        view = await self._guard.editable(caller, guid_in(request))

        def write(session: Session) -> list[str]:
            rows = session.exec(select(Bundle).where(Bundle.content_id == view.id)).all()
            folders = [bundles.folder_of(row) for row in rows]
            store.drop(session, view.guid)
            self._trail.record(session, caller, "remove_content", content_guid=view.guid, name=view.name)
            return folders

        folders = await self._db.write(write)
        self._directory.forget(view.guid)
        self._pool.retire(view.guid, now=True)
        await asyncio.to_thread(self._shelf.discard, folders)
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        routes.get("/v1/content", content_key=True)(self.listing)
        routes.post("/v1/content", role="publisher")(self.create)
        routes.get("/v1/content/{guid}", content_key=True)(self.one)
        routes.patch("/v1/content/{guid}", role="publisher")(self.change)
        routes.delete("/v1/content/{guid}", role="publisher")(self.remove)
        routes.get("/v1/search/content")(self.search)
        return routes
