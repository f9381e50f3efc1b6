"""Jobs by API: list, read, logs, kill (connect-api.md 2.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from runners import journal, output
from server.access.guard import Guard
from server.db.clock import wire
from server.db.engine import Database
from server.db.models import Instance
from server.instances import store
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.routes import Routes, guid_in, json_reply, whole

INACTIVE = 163
MOST_LINES = 5000
# Ends what runs under a job's key, or says that it runs nothing of that key.
Stop = Callable[[str], Awaitable[bool]]


class JobsApi:
    """The instances of one content item."""

    def __init__(self, db: Database, guard: Guard, stops: Sequence[Stop], run_root: Path) -> None:
        self._db, self._guard, self._stops, self._run_root = db, guard, stops, run_root

    async def listing(self, request: Request, caller: Caller) -> Response:
        """Newest first."""
        view = await self._guard.editable(caller, guid_in(request))
        rows = await self._db.read(store.listing, view.id)
        return json_reply([store.job_object(row, view.guid) for row in rows])

    async def _row(self, request: Request, caller: Caller) -> Instance:
        view = await self._guard.editable(caller, guid_in(request))
        return await self._db.read(store.by_key, view.id, request.path_params["key"][:64])

    async def one(self, request: Request, caller: Caller) -> Response:
        """One job."""
        row = await self._row(request, caller)
        return json_reply(store.job_object(row, guid_in(request)))

    async def kill(self, request: Request, caller: Caller) -> Response:
        """End a running instance."""
        row = await self._row(request, caller)
        if row.end_time is not None or not await self._stop(row.key):
            raise ApiError(409, INACTIVE, "The job is not active.")
        answer: dict[str, Any] = {
            "guid": guid_in(request),
            "app_id": row.content_id,
            "app_guid": guid_in(request),
            "content_id": str(row.content_id),
            "content_guid": guid_in(request),
            "job_id": row.id,
            "job_key": row.key,
            "result": "Order to kill job registered",
        }
        return json_reply(answer, 202)

    async def _stop(self, key: str) -> bool:
        return any([await stop(key) for stop in self._stops])

    async def log(self, request: Request, caller: Caller) -> Response:
        """The newest lines of both streams."""
        row = await self._row(request, caller)
        limit = whole(request, "maxLogLines", MOST_LINES, low=1, high=MOST_LINES)
        entries = await asyncio.to_thread(self.entries, row, limit)
        return json_reply({"entries": entries})

    async def download(self, request: Request, caller: Caller) -> Response:
        """The same as text."""
        row = await self._row(request, caller)
        entries = await asyncio.to_thread(self.entries, row, MOST_LINES)
        headers = {
            "Content-Disposition": f'attachment; filename="job-{row.key}.log"',
            "X-Content-Type-Options": "nosniff",
        }
        return PlainTextResponse("".join(f"{e['source']}: {e['data']}\n" for e in entries), headers=headers)

    def entries(self, row: Instance, limit: int) -> list[dict[str, Any]]:
        """The last log entries of one instance, in the order they appeared."""
        found = journal.entries(output.folder(self._run_root / row.key), limit)
        return [
            {"source": e.stream, "timestamp": wire(datetime.fromtimestamp(e.at, UTC)), "data": e.text} for e in found
        ]

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        routes.get("/v1/content/{guid}/jobs")(self.listing)
        routes.get("/v1/content/{guid}/jobs/{key}")(self.one)
        routes.delete("/v1/content/{guid}/jobs/{key}", role="publisher")(self.kill)
        routes.get("/v1/content/{guid}/jobs/{key}/log")(self.log)
        routes.get("/v1/content/{guid}/jobs/{key}/download")(self.download)
        return routes
