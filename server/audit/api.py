"""The JSON routes of the audit trail, for administrators."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.audit import store
from server.audit.wire import ActionObject, AuditPage, AuditQuery, audit_entry, in_words
from server.db.engine import Database
from server.web.caller import Caller
from server.web.cursors import keyset_of, page
from server.web.described import Says
from server.web.routes import Routes, json_reply


class AuditApi:
    """/v1/audit_logs and /v1/audit/actions."""

    def __init__(self, db: Database, origin: str) -> None:
        self._db, self._origin = db, origin

    async def events(self, request: Request, _caller: Caller) -> Response:
        """A page of the audit trail, oldest first unless `ascOrder` is false."""
        keyset = keyset_of(request, int, order=("ascOrder", "asc_order"))
        rows = await self._db.read(store.events, keyset)
        paging, results = page(request, self._origin, keyset, rows, lambda row: (row[0].time, row[0].id or 0))
        return json_reply({"paging": paging, "results": [audit_entry(row) for row in results]})

    async def actions(self, _request: Request, _caller: Caller) -> Response:
        """The sorts of events in the audit trail."""
        found: list[ActionObject] = [
            {"action": name, "description": in_words(name)} for name in await self._db.read(store.actions)
        ]
        return json_reply(found)

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        told = Says(reply=AuditPage, query=AuditQuery)
        routes.get("/v1/audit_logs", role="administrator", says=told)(self.events)
        sorts = Says(reply=list[ActionObject])
        routes.get("/v1/audit/actions", role="administrator", says=sorts)(self.actions)
        return routes
