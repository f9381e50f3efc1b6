"""The running processes of apps, with what they use of the machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sqlmodel import Session, col, select

from runners.measuring import Measured, measure
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Content, Instance
from server.usage.wire import ProcessObject

Measure = Callable[[int, int], Measured | None]


class Processes:
    """Measures on request. CPU use is that since the last request, or since the process began."""

    def __init__(self, db: Database, origin: str, *, measure: Measure = measure) -> None:
        self._db, self._origin, self._measure = db, origin, measure
        self._before: dict[tuple[int, int], tuple[float, float]] = {}

    async def measured(self) -> dict[str, ProcessObject]:
        """Every process that runs now, by its id as text."""
        rows = await self._db.read(_running)
        found = await asyncio.to_thread(lambda: [(row, content, self._of(row)) for row, content in rows])
        self._before = {
            (row.pid or 0, row.start_ticks or 0): (time.monotonic(), used.cpu_seconds)
            for row, _content, (used, _percent) in found
            if used is not None
        }
        return {
            str(row.pid): {
                "appId": content.id or 0,
                "appGuid": content.guid,
                "appName": content.name,
                "appUrl": f"{self._origin}/content/{content.guid}/",
                "appRunAs": "",
                "type": row.tag,
                "cpuCurrent": percent,
                "cpuTotal": int(used.cpu_seconds),
                "ram": used.memory,
            }
            for row, content, (used, percent) in found
            if used is not None
        }

    def _of(self, row: Instance) -> tuple[Measured | None, float]:
        pid, ticks = row.pid or 0, row.start_ticks or 0
        used = self._measure(pid, ticks)
        if used is None:
            return None, 0.0
        before = self._before.get((pid, ticks))
        if before is None:
            seconds, spent = (now() - row.start_time).total_seconds(), used.cpu_seconds
        else:
            seconds, spent = time.monotonic() - before[0], used.cpu_seconds - before[1]
        return used, round(100 * spent / seconds, 2) if seconds > 0 else 0.0


def _running(session: Session) -> list[tuple[Instance, Content]]:
    query = (
        select(Instance, Content)
        .join(Content, col(Content.id) == Instance.content_id)
        .where(col(Instance.end_time).is_(None), col(Instance.pid).is_not(None))
        .order_by(col(Instance.id))
    )
    return list(session.exec(query).all())
