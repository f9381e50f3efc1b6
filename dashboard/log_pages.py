"""The Logs tab of one content item: what its runs wrote, searched and filtered, following as it grows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import log_lines
from dashboard.content_pages import ContentFrame
from dashboard.desk import Desk
from dashboard.views.content import ContentLogs, InstanceChoice, LogLine
from server.content.overview import BUILD
from server.content.view import ContentView
from server.db.models import Instance
from server.instances.store import RENDERINGS
from server.web.caller import Caller

Stream = Literal["", "stdout", "stderr", "tabard"]
STREAMS: dict[str, Stream] = {"stdout": "stdout", "stderr": "stderr", "tabard": "tabard"}
LONGEST_QUERY = 200


@dataclass(frozen=True)
class Filter:
    """What somebody chose to see."""

    instance: str
    stream: Stream
    query: str

    def keeps(self, line: LogLine) -> bool:
        """Whether a line is to be shown."""
        return self.stream in ("", line.stream) and self.query.casefold() in line.text.casefold()


class LogPages:
    """`/apps/{guid}/logs` and its tail."""

    def __init__(self, desk: Desk, frame: ContentFrame) -> None:
        self._desk, self._frame = desk, frame
        self._run_root = desk.services.data_dir / "run"

    async def logs(self, request: Request, caller: Caller) -> Response:
        """The tab."""
        view = await self._frame.editable(request, caller)
        return self._desk.show("content_logs", await self._view(request, caller, view, ""))

    async def tail(self, request: Request, caller: Caller) -> Response:
        """The lines since `after`; 204 when nothing was written. Lines that match no filter still move the cursor."""
        view = await self._frame.editable(request, caller)
        after = request.query_params.get("after", "")
        shown = await self._view(request, caller, view, after)
        if shown.last == after and not shown.lines:
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        return self._desk.part("log_tail", shown)

    async def _view(self, request: Request, caller: Caller, view: ContentView, after: str) -> ContentLogs:
        rows = await self._frame.runs(view)
        chosen = _filter(request, rows)
        wanted = [row for row in rows if chosen.instance in ("", row.key)]
        read = await asyncio.to_thread(log_lines.read, self._run_root, wanted, after)
        return ContentLogs(
            page=self._desk.page(request, caller, f"Logs of {view.title}"),
            content=await self._frame.head(view, "logs", rows),
            lines=tuple(line for line in read.lines if chosen.keeps(line)),
            last=read.cursor,
            instances=tuple(InstanceChoice(id=row.key, label=_label(row)) for row in rows if row.tag != BUILD),
            instance=chosen.instance,
            stream=chosen.stream,
            query=chosen.query,
        )

    def routes(self) -> list[Route]:
        """The addresses of this tab."""
        return [
            self._desk.route("GET", "/apps/{guid}/logs", self.logs),
            self._desk.route("GET", "/apps/{guid}/logs/tail", self.tail),
        ]


def _filter(request: Request, rows: list[Instance]) -> Filter:
    query = request.query_params
    instance = query.get("instance", "")
    return Filter(
        instance=instance if any(row.key == instance for row in rows) else "",
        stream=STREAMS.get(query.get("stream", ""), ""),
        query=query.get("q", "")[:LONGEST_QUERY].strip(),
    )


def _label(row: Instance) -> str:
    started = f"{row.start_time:%d %b %H:%M}"
    rendering = row.tag in RENDERINGS
    if row.end_time is None:
        return f"Version {row.bundle_id}, {'rendering' if rendering else 'running'} since {started}"
    code = "" if row.exit_code in (None, 0) else f", exit code {row.exit_code}"
    if rendering:
        return f"Version {row.bundle_id}, {'not ' if row.error else ''}rendered {started}"
    return f"Version {row.bundle_id}, {started} to {row.end_time:%H:%M}{code}"
