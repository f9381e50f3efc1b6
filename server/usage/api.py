"""The JSON routes of usage: hits, visits, live connections, processes (connect-api.md 2.11)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.db.engine import Database
from server.usage import store
from server.usage.procs import Processes
from server.usage.store import Found, Wanted
from server.usage.wire import (
    ONE,
    USE_VERSION,
    VISIT_VERSION,
    HitObject,
    HitQuery,
    PageQuery,
    ProcessObject,
    UsePage,
    VisitPage,
    hit_object,
    use_object,
    visit_object,
)
from server.web.caller import Caller
from server.web.cursors import Keyset, keyset_of, page
from server.web.described import Says
from server.web.errors import INVALID_ID, invalid
from server.web.routes import Routes, json_reply, moment, whole

MOST_GUIDS = 100
GUID = re.compile(ONE)
T = TypeVar("T")
Read = Callable[[Session, Caller, Wanted, Keyset], list[Found]]


class UsageApi:
    """/v1/instrumentation: administrators see everything, publishers what they may edit."""

    def __init__(self, db: Database, processes: Processes, origin: str) -> None:
        self._db, self._processes, self._origin = db, processes, origin

    async def hits(self, request: Request, caller: Caller) -> Response:
        """Visits of pages, oldest first: the newest 100,000 of those asked for."""
        body = await self._db.read(_hits, caller, _wanted(request))
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def visits(self, request: Request, caller: Caller) -> Response:
        """A page of visits of all content but Shiny apps, whose use is told by their live connections."""
        return await self._page(request, caller, store.visits, int, VISIT_VERSION, visit_object, "time")

    async def uses(self, request: Request, caller: Caller) -> Response:
        """A page of live connections to Shiny apps."""
        return await self._page(request, caller, store.live_uses, str, USE_VERSION, use_object, "started")

    async def _page(
        self,
        request: Request,
        caller: Caller,
        read: Read,
        kind: type[int] | type[str],
        version: int,
        shown: Callable[[Found], object],
        time: str,
    ) -> Response:
        wanted, keyset = _wanted(request), keyset_of(request, kind)
        rows: list[Found] = []
        if whole(request, "min_data_version", 0) <= version:
            rows = await self._db.read(read, caller, wanted, keyset)
        paging, results = page(request, self._origin, keyset, rows, lambda row: (getattr(row, time), row.id))
        return json_reply({"paging": paging, "results": [shown(row) for row in results]})

    async def procs(self, _request: Request, _caller: Caller) -> Response:
        """The running processes of apps, by process id."""
        return json_reply(await self._processes.measured())

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        seen = Says(reply=list[HitObject], query=HitQuery)
        routes.get("/v1/instrumentation/content/hits", role="publisher", says=seen)(self.hits)
        visited = Says(reply=VisitPage, query=PageQuery)
        routes.get("/v1/instrumentation/content/visits", role="publisher", says=visited)(self.visits)
        used = Says(reply=UsePage, query=PageQuery)
        routes.get("/v1/instrumentation/shiny/usage", role="publisher", says=used)(self.uses)
        running = Says(reply=dict[str, ProcessObject])
        routes.get("/metrics/procs", role="administrator", says=running)(self.procs)
        return routes


def _hits(session: Session, caller: Caller, wanted: Wanted) -> bytes:
    """The whole reply: a list this long is written in the reader's thread, while the server goes on."""
    return json.dumps([hit_object(row) for row in store.hits(session, caller, wanted)]).encode()


def _wanted(request: Request) -> Wanted:
    text = request.query_params.get("content_guid", "")
    guids = tuple(dict.fromkeys(guid.lower() for guid in text.split("|"))) if text else None
    if guids is not None and (len(guids) > MOST_GUIDS or not all(GUID.fullmatch(guid) for guid in guids)):
        raise invalid(f"content_guid takes up to {MOST_GUIDS} GUIDs with | between them.", INVALID_ID)
    return Wanted(guids, _time(request, "from"), _time(request, "to"))


def _time(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    return None if text is None else moment(text, name)
