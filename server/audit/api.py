"""The JSON routes of the audit trail, for administrators. None changes or deletes an event."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server.audit import export, store
from server.audit.filters import Filters
from server.audit.trail import Trail
from server.audit.verify import Place, Verifier
from server.audit.wire import (
    ACTION,
    ActionObject,
    AuditPage,
    AuditQuery,
    FilterQuery,
    VerdictObject,
    VerifyQuery,
    audit_entry,
    in_words,
    verdict_object,
)
from server.db.engine import Database
from server.web.caller import Caller
from server.web.cursors import keyset_of, page
from server.web.described import Says
from server.web.errors import INTERNAL, INVALID_ID, ApiError, invalid
from server.web.routes import Routes, json_reply, moment

GUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NDJSON = "application/x-ndjson"


class AuditApi:
    """/v1/audit_logs, /v1/audit/actions, /v1/audit/verify and /v1/audit/export."""

    def __init__(self, db: Database, origin: str, trail: Trail) -> None:
        self._db, self._origin, self._trail = db, origin, trail

    async def events(self, request: Request, _caller: Caller) -> Response:
        """A page of the audit trail, oldest first unless `ascOrder` is false."""
        keyset, filters = keyset_of(request, int, order=("ascOrder", "asc_order")), filters_of(request)
        rows = await self._db.read(store.events, keyset, filters)
        paging, results = page(request, self._origin, keyset, rows, lambda row: (row[0].time, row[0].id or 0))
        return json_reply({"paging": paging, "results": [audit_entry(row) for row in results]})

    async def actions(self, _request: Request, _caller: Caller) -> Response:
        """The sorts of events in the audit trail."""
        found: list[ActionObject] = [
            {"action": name, "description": in_words(name)} for name in await self._db.read(store.actions)
        ]
        return json_reply(found)

    async def verify(self, request: Request, _caller: Caller) -> Response:
        """Whether the audit trail is as it was written, as far as `head`, too, if that is sent."""
        said = request.query_params.get("head")
        kept = None if said is None else Place.read(said)
        if said is not None and kept is None:
            raise invalid("head takes what head of an earlier reply was.")
        if self._db.chain is None:
            raise ApiError(503, INTERNAL, "This server does not link its audit trail.")
        verifier = Verifier(self._db.chain, kept=kept)
        while not await self._db.read(verifier.step):
            pass
        assert verifier.verdict is not None
        return json_reply(verdict_object(verifier.verdict))

    async def export(self, request: Request, caller: Caller) -> Response:
        """The audit trail as JSON lines, one event a line, in the order in which it was written."""
        filters = filters_of(request)
        await self._trail.append(caller, "export_audit_trail", filters=filters.facts)
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="audit.jsonl"'}
        return StreamingResponse(self._lines(filters), media_type=NDJSON, headers=headers)

    async def _lines(self, filters: Filters) -> AsyncIterator[bytes]:
        after: int | None = 0
        while after is not None:
            lines, after = await self._db.read(export.batch, filters, after)
            yield lines

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        told = Says(reply=AuditPage, query=AuditQuery)
        routes.get("/v1/audit_logs", role="administrator", says=told)(self.events)
        sorts = Says(reply=list[ActionObject])
        routes.get("/v1/audit/actions", role="administrator", says=sorts)(self.actions)
        verified = Says(reply=VerdictObject, query=VerifyQuery)
        routes.get("/v1/audit/verify", role="administrator", says=verified)(self.verify)
        exported = Says(reply=str, reply_type=NDJSON, query=FilterQuery)
        routes.get("/v1/audit/export", role="administrator", says=exported)(self.export)
        return routes


def filters_of(request: Request) -> Filters:
    """Which events a request asks for. Raises ApiError 400."""
    sent = request.query_params
    guids = {}
    for name in ("user", "content", "integration", "connection"):
        guids[name] = sent[name].lower() if name in sent else None
        if guids[name] is not None and not GUID.fullmatch(guids[name] or ""):
            raise invalid(f"{name} is not a GUID.", INVALID_ID)
    action = sent.get("action")
    if action is not None and not re.fullmatch(ACTION, action):
        raise invalid("action takes a name from /v1/audit/actions.")
    since, until = (moment(sent[name], name) if name in sent else None for name in ("since", "until"))
    return Filters(**guids, action=action, since=since, until=until)
