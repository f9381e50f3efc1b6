"""A memory of look-ups that is true by invalidation, and renews itself behind the answers it gives."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Generic, TypeVar

from server.db.changes import Changes

log = logging.getLogger("tabard.memory")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
MOST = 50_000
# What somebody changed in the database itself is seen here after about this long.
RENEWED_AFTER = 15.0


def _always() -> bool:
    return True


class Remembered(Generic[K, V]):
    """Values by key. A warm `get` never waits: one that has grown old is given, and looked up again meanwhile.

    `worth` says which values to keep; the others are looked up each time. What another gateway writes to one of
    `tables` makes all of it be forgotten, and while that cannot be known nothing is answered from memory
    (server.db.changes).
    """

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        worth: Callable[[V], bool] = lambda _: True,
        *,
        changes: Changes | None,
        tables: Iterable[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._worth = worth
        self._clock = clock
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._epoch = 0
        self._trusted = changes.trusted if changes is not None else _always
        if changes is not None:
            changes.when(tables, self.forget_all)
        self._renewing: dict[K, asyncio.Task[None]] = {}

    @property
    def epoch(self) -> int:
        """Grows with every change that was told: who read before one knows it when it is done."""
        return self._epoch

    async def get(self, key: K) -> V:
        """The value. Raises what `load` raises, when it is not in memory."""
        kept = self._kept.get(key)
        if kept is None or not self._trusted():
            return await self._look_up(key)
        if self._clock() - kept[0] > RENEWED_AFTER and key not in self._renewing:
            task = asyncio.create_task(self._renew(key))
            self._renewing[key] = task
            task.add_done_callback(lambda _: self._renewing.pop(key, None))
        return kept[1]

    def forget(self, key: K) -> None:
        """What is remembered of this key is no longer true."""
        self._epoch += 1
        self._kept.pop(key, None)

    def forget_where(self, condition: Callable[[V], bool]) -> None:
        """What is remembered of every value that meets `condition` is no longer true."""
        self._epoch += 1
        for key in [key for key, (_when, value) in self._kept.items() if condition(value)]:
            del self._kept[key]

    def forget_all(self) -> None:
        """Something changed that concerns many keys."""
        self._epoch += 1
        self._kept.clear()

    async def _look_up(self, key: K) -> V:
        epoch = self._epoch
        value = await self._load(key)
        # A change that was told while we were reading must not be undone by what was read before it.
        if epoch == self._epoch:
            self._kept.pop(key, None)
            if self._worth(value):
                self._kept[key] = (self._clock(), value)
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
        return value

    async def _renew(self, key: K) -> None:
        try:
            await self._look_up(key)
        except Exception as error:
            log.debug("a look-up could not be renewed: %s", type(error).__name__)
