"""Lists of content by API: all of it, by search, by tag; and people's bookmarks (connect-api.md 2.2, 2.10)."""

from __future__ import annotations

from typing import get_args

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.content import bookmarks, lists
from server.content.lists import Sort
from server.content.seeking import sought
from server.db.clock import wire
from server.db.engine import Database
from server.publishing.records import Records, include_of
from server.publishing.wire import Bookmarked, ContentObject, ListQuery, SearchQuery
from server.tags import store as tags
from server.web.caller import Caller
from server.web.described import PageOf, Says
from server.web.errors import invalid
from server.web.routes import Routes, empty_reply, guid_in, json_reply, number_in, whole

SORTS: tuple[Sort, ...] = get_args(Sort)
PAGE_LIMIT = 500


class ListsApi:
    """What content there is for a caller."""

    def __init__(self, db: Database, guard: Guard, records: Records) -> None:
        self._db, self._guard, self._records = db, guard, records

    async def listing(self, request: Request, caller: Caller) -> Response:
        """Everything the caller may open (administrators: everything), last deployed first."""
        include, query = include_of(request), request.query_params

        def read(session: Session) -> list[ContentObject]:
            rows = lists.listing(session, caller, name=query.get("name"), owner_guid=query.get("owner_guid"))
            return self._records.many(session, rows, caller, include)

        return json_reply(await self._db.read(read))

    async def tagged(self, request: Request, caller: Caller) -> Response:
        """What carries a tag, or one below it, as far as the caller may open it."""
        number = number_in(request, "id")

        def read(session: Session) -> list[ContentObject]:
            tags.one(session, number)
            rows = lists.listing(session, caller, tag_ids=tags.subtree(session, number))
            return self._records.many(session, rows, caller)

        return json_reply(await self._db.read(read))

    async def search(self, request: Request, caller: Caller) -> Response:
        """A page of the content in which every word of `q` is found and which its filters let pass."""
        include, found = include_of(request), sought(request.query_params.get("q", ""))
        page, size = whole(request, "page_number", 1, low=1), whole(request, "page_size", 20, low=1, high=PAGE_LIMIT)
        sort, descending = _order(request)

        def read(session: Session) -> PageOf[ContentObject]:
            rows, total = lists.search(
                session, caller, found, sort=sort, descending=descending, skip=(page - 1) * size, size=size
            )
            return {
                "results": self._records.many(session, rows, caller, include),
                "current_page": page,
                "total": total,
            }

        return json_reply(await self._db.read(read))

    async def bookmark(self, request: Request, caller: Caller) -> Response:
        """The caller's bookmark on a content item; 404 where there is none."""
        view = await self._guard.readable(caller, guid_in(request))
        row = await self._db.read(bookmarks.one, caller.user_id, view.id)
        found: Bookmarked = {"created_time": wire(row.created_time) or ""}
        return json_reply(found)

    async def put_bookmark(self, request: Request, caller: Caller) -> Response:
        """Mark a content item, to find it again; nobody else sees it."""
        view = await self._guard.readable(caller, guid_in(request))
        await self._db.write(bookmarks.add, caller.user_id, view.id)
        return Response(status_code=201, headers={"Cache-Control": "no-store"})

    async def remove_bookmark(self, request: Request, caller: Caller) -> Response:
        """Take the caller's bookmark off a content item."""
        view = await self._guard.readable(caller, guid_in(request))
        await self._db.write(bookmarks.remove, caller.user_id, view.id)
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, mark = Routes(), "/v1/content/{guid}/bookmark"
        content = list[ContentObject]
        routes.get("/v1/content", content_key=True, says=Says(reply=content, query=ListQuery))(self.listing)
        routes.get("/v1/search/content", says=Says(reply=PageOf[ContentObject], query=SearchQuery))(self.search)
        routes.get("/v1/tags/{id}/content", says=Says(reply=content))(self.tagged)
        routes.get(mark, says=Says(reply=Bookmarked))(self.bookmark)
        routes.post(mark, says=Says(status=201))(self.put_bookmark)
        routes.delete(mark, says=Says(status=204))(self.remove_bookmark)
        return routes


def _order(request: Request) -> tuple[Sort, bool | None]:
    """The column to sort by, and whether downwards (None: as is usual for it). Raises ApiError 400."""
    sort, order = request.query_params.get("sort", SORTS[0]), request.query_params.get("order")
    if order not in (None, "asc", "desc"):
        raise invalid("order must be asc or desc.")
    for known in SORTS:
        if sort == known:
            return known, None if order is None else order == "desc"
    raise invalid(f"sort must be one of {', '.join(SORTS)}.")
