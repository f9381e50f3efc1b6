"""Jobs by API: list, read, logs, what they use, kill (connect-api.md 2.7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from runners import journal, output
from runners.measuring import measure
from server.access.guard import Guard
from server.db.engine import Database
from server.db.models import Instance
from server.instances import store
from server.instances.tail import events
from server.instances.wire import (
    DownloadQuery,
    JobError,
    JobEvent,
    JobMetrics,
    JobObject,
    JobPath,
    KillOrder,
    LogEntries,
    LogEntry,
    LogQuery,
    job_error,
    job_object,
    kill_order,
    log_entry,
    metric_sample,
)
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import ApiError
from server.web.routes import Routes, empty_reply, guid_in, json_reply, whole

INACTIVE = 163
MOST_LINES = 5000
EVENTS = "text/event-stream"
# Ends what runs under a job's key, or says that it runs nothing of that key.
Stop = Callable[[str], Awaitable[bool]]


class JobsApi:
    """The instances of one content item."""

    def __init__(self, db: Database, guard: Guard, stops: Sequence[Stop], run_root: Path) -> None:
        self._db, self._guard, self._stops, self._run_root = db, guard, stops, run_root

    async def listing(self, request: Request, caller: Caller) -> Response:
        """What runs and ran of a content item, newest first."""
        view = await self._guard.editable(caller, guid_in(request))
        rows = await self._db.read(store.listing, view.id)
        return json_reply([job_object(row, view.guid) for row in rows])

    async def _row(self, request: Request, caller: Caller) -> Instance:
        view = await self._guard.editable(caller, guid_in(request))
        return await self._db.read(store.by_key, view.id, request.path_params["key"][:64])

    async def one(self, request: Request, caller: Caller) -> Response:
        """One job."""
        row = await self._row(request, caller)
        return json_reply(job_object(row, guid_in(request)))

    async def kill(self, request: Request, caller: Caller) -> Response:
        """End a job that runs."""
        row = await self._row(request, caller)
        if row.end_time is not None or not await self._stop(row.key):
            raise ApiError(409, INACTIVE, "The job is not active.")
        return json_reply(kill_order(row, guid_in(request)), 202)

    async def _stop(self, key: str) -> bool:
        return any([await stop(key) for stop in self._stops])

    async def log(self, request: Request, caller: Caller) -> Response:
        """The newest lines a job printed on both streams."""
        row = await self._row(request, caller)
        limit = whole(request, "maxLogLines", MOST_LINES, low=1, high=MOST_LINES)
        found: LogEntries = {"entries": await asyncio.to_thread(self.entries, row, limit)}
        return json_reply(found)

    async def download(self, request: Request, caller: Caller) -> Response:
        """The same as text."""
        row = await self._row(request, caller)
        entries = await asyncio.to_thread(self.entries, row, MOST_LINES)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="job-{row.key}.log"',
            "X-Content-Type-Options": "nosniff",
        }
        return PlainTextResponse("".join(f"{e['source']}: {e['data']}\n" for e in entries), headers=headers)

    def entries(self, row: Instance, limit: int) -> list[LogEntry]:
        """The last log entries of one instance, in the order they appeared."""
        return [log_entry(entry) for entry in journal.entries(self._log(row), limit)]

    def _log(self, row: Instance) -> Path:
        return output.folder(self._run_root / row.key)

    async def error(self, request: Request, caller: Caller) -> Response:
        """Why a job failed; nothing where it did not."""
        found = job_error(await self._row(request, caller))
        return empty_reply() if found is None else json_reply(found)

    async def metrics(self, request: Request, caller: Caller) -> Response:
        """What a running job uses now."""
        row = await self._row(request, caller)
        used = None
        if row.end_time is None and row.pid is not None:
            used = await asyncio.to_thread(measure, row.pid, row.start_ticks or 0)
        samples = [] if used is None else [metric_sample(row, used)]
        found: JobMetrics = {"content_guid": guid_in(request), "job_key": row.key, "samples": samples}
        return json_reply(found)

    async def tail(self, request: Request, caller: Caller) -> Response:
        """What a job prints, line by line as it comes, until it ends; `event: end` is the last."""
        row = await self._row(request, caller)

        async def running() -> bool:
            # Who loses access meanwhile sees no more, as with every other way to look at it.
            now = await self._row(request, caller)
            return now.end_time is None

        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_quietly(events(self._log(row), running)), headers=headers, media_type=EVENTS)

    def routes(self) -> Routes:
        """The declared routes."""
        routes, jobs = Routes(), "/v1/content/{guid}/jobs"
        job = f"{jobs}/{{key}}"
        routes.get(jobs, says=Says(reply=list[JobObject]))(self.listing)
        routes.get(job, says=Says(reply=JobObject, path=JobPath))(self.one)
        kills = Says(reply=KillOrder, status=202, path=JobPath, fails=(409,))
        routes.delete(job, role="publisher", says=kills)(self.kill)
        routes.get(f"{job}/log", says=Says(reply=LogEntries, query=LogQuery, path=JobPath))(self.log)
        text = Says(reply=str, reply_type="text/plain", query=DownloadQuery, path=JobPath)
        routes.get(f"{job}/download", says=text)(self.download)
        routes.get(f"{job}/error", says=Says(reply=JobError, also=((204, None),), path=JobPath))(self.error)
        routes.get(f"{job}/metrics", says=Says(reply=JobMetrics, path=JobPath))(self.metrics)
        routes.get(f"{job}/tail", says=Says(reply=JobEvent, reply_type=EVENTS, path=JobPath))(self.tail)
        return routes


async def _quietly(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream, ended where the job or the access to it is gone."""
    try:
        async for part in stream:
            yield part
    except ApiError:
        return
