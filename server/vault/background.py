"""Work that outlives the request that began it: detached, held on to, awaited when the server stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger("tabard.vault")
T = TypeVar("T")


class Background:
    """A set of tasks that no client's disconnect and no request's deadline can cancel (O-22, LAB-13)."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.closing = asyncio.Event()

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start `work` and keep it until it ends. An error nobody waits for is logged by its type alone."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("%s ended with %s", task.get_name(), type(error).__name__)

    async def sleep(self, seconds: float) -> None:
        """Wait, but not while the server is stopping."""
        try:
            await asyncio.wait_for(self.closing.wait(), seconds)
        except TimeoutError:
            return

    async def aclose(self) -> None:
        """Let everything end by itself; each task has its own network deadline."""
        self.closing.set()
        while self._tasks:
            await asyncio.wait(list(self._tasks))
