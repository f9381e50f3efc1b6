"""Slows down guessing: growing waits per account and per address, in memory and bounded (security.md S-07)."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FREE_TRIES = 5
LONGEST_WAIT = 300.0
FORGET_AFTER = 3600.0
MOST_KEYS = 20_000
# How long one waits when all tries that are left are being made at this moment.
BUSY = 1.0


class Throttle:
    """Counts failures by key (an account, an address).

    After `free` of them each failure doubles the wait, up to `longest` seconds.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, free: int = FREE_TRIES, longest: float = LONGEST_WAIT
    ) -> None:
        self._free, self._longest = free, longest
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._trying: Counter[str] = Counter()

    def wait(self, *keys: str) -> float:
        """Seconds until the next try is allowed for all `keys`; 0 when now."""
        now = self._clock()
        longest = 0.0
        for key in keys:
            count, last = self._failures.get(key, (0, 0.0))
            if now - last >= FORGET_AFTER:
                count = 0
            if count >= self._free:
                delay = min(self._longest, 2.0 ** (count - self._free + 1))
                longest = max(longest, last + delay - now)
            if self._trying[key] >= max(1, self._free - count):
                longest = max(longest, BUSY)
        return max(0.0, longest)

    @contextmanager
    def trying(self, *keys: str) -> Iterator[None]:
        """A try is under way: until its outcome is known it takes a place, so that many at once gain nothing."""
        self._trying.update(keys)
        try:
            yield
        finally:
            self._trying.subtract(keys)
            for key in keys:
                if self._trying[key] <= 0:
                    del self._trying[key]

    def failed(self, *keys: str) -> None:
        """Count one failure for each key."""
        now = self._clock()
        for key in keys:
            count, last = self._failures.pop(key, (0, now))
            self._failures[key] = (1 if now - last > FORGET_AFTER else count + 1, now)
        while len(self._failures) > MOST_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        """Forget the failures of these keys."""
        for key in keys:
            self._failures.pop(key, None)
