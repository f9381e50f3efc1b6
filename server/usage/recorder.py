"""Records visits and live connections in batches, so that nobody who looks waits for a write."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from server.content.view import ContentView
from server.db.clock import now
from server.db.engine import Database, DatabaseUnavailable
from server.usage import store
from server.usage.policy import LIVE_MODES
from server.web.caller import Caller

log = logging.getLogger("tabard.usage")
MOST_WAITING = 50_000
BATCH = 500
# Seconds between batches: what a kill -9 can cost.
GATHER = 1.0
# Seconds between notes that live connections still live, and between removals of what is too old.
STILL_OPEN, SWEEP = 60.0, 3600.0
LONGEST_PATH, LONGEST_AGENT = 1024, 256


class Recorder:
    """The one way visits get into the tables. Needs a running loop."""

    def __init__(self, db: Database, *, retention: float, gather: float = GATHER) -> None:
        self._db, self._retention, self._gather = db, timedelta(seconds=retention), gather
        self._hits: deque[dict[str, Any]] = deque()
        self._opened: dict[str, dict[str, Any]] = {}
        self._ended: dict[str, datetime] = {}
        self._open: set[str] = set()
        self._lost = 0
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def visited(self, caller: Caller, view: ContentView, bundle_id: int, inside: str, user_agent: str) -> None:
        """Somebody opened a page; `inside` is the raw path below the content's address."""
        if len(self._hits) >= MOST_WAITING:
            self._hits.popleft()
            self._lost += 1
        self._hits.append(
            {
                "time": now(),
                "content_id": view.id,
                "user_id": caller.user_id or None,
                "bundle_id": bundle_id,
                "path": _storable(inside, LONGEST_PATH),
                "user_agent": _storable(user_agent, LONGEST_AGENT),
                "live": view.app_mode in LIVE_MODES,
            }
        )
        self._soon()

    def opened(self, caller: Caller, view: ContentView) -> Callable[[], None]:
        """A live connection was opened; call what this returns when it has ended."""
        key = uuid.uuid4().hex
        self._opened[key] = {
            "id": key,
            "content_id": view.id,
            "user_id": caller.user_id or None,
            "started": now(),
            "ended": None,
        }
        self._open.add(key)
        self._soon()

        def ended() -> None:
            if key in self._open:
                self._open.discard(key)
                self._ended[key] = now()
                self._soon()

        return ended

    def _soon(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="usage")

    async def _write(self) -> None:
        while self._hits or self._opened or self._ended:
            await _pause(self._closing, self._gather)
            hits = [self._hits.popleft() for _ in range(min(BATCH, len(self._hits)))]
            opened, self._opened = self._opened, {}
            ended, self._ended = self._ended, {}
            if self._lost:
                log.error("%d visits were lost while the database was away", self._lost)
                self._lost = 0
            try:
                await self._db.write(store.record, hits, list(opened.values()), ended)
            except DatabaseUnavailable:
                self._hits.extendleft(reversed(hits))
                self._opened, self._ended = opened | self._opened, ended | self._ended
                if self._closing.is_set():
                    log.error("%d visits could not be written", len(self._hits))
                    return
                await _pause(self._closing, 2.0)

    async def keep_house(self) -> None:
        """Run until cancelled: note that live connections live, and remove what is older than it may be."""
        swept = float("-inf")
        clock = asyncio.get_running_loop().time
        while True:
            with suppress(DatabaseUnavailable):
                if self._open:
                    await self._db.write(store.note_open, now())
                if clock() - swept >= SWEEP:
                    await self.sweep()
                    swept = clock()
            await asyncio.sleep(STILL_OPEN)

    async def sweep(self) -> None:
        """Remove what is older than the retention, a portion at a time so that other writers get their turn."""
        while await self._db.write(store.drop_before, now() - self._retention):
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Every live connection has ended; write what still waits."""
        moment = now()
        self._ended |= dict.fromkeys(self._open, moment)
        self._open.clear()
        self._closing.set()
        if self._writer is not None:
            await self._writer
        await self._write()


def _storable(text: str, limit: int) -> str:
    """Text that every database takes, and that no page or log breaks on."""
    return "".join(ch if ch.isprintable() else "?" for ch in text[:limit])


async def _pause(ended: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), seconds)
