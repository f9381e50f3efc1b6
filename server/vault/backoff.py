"""How long an integration's provider is left alone after trouble, in this process (O-27)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

FIRST, LONGEST = 1.0, 60.0
LONGEST_ASKED = 3600.0
# While one caller tries whether the provider is back, the others wait for this long.
PROBE = 10.0


@dataclass
class _Trouble:
    until: float
    failures: int


class Backoff:
    """Exponential with jitter, or as long as the provider asked. Keys name an integration's exact settings,
    so that mending them ends the wait at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._trouble: dict[Hashable, _Trouble] = {}

    def wait(self, key: Hashable) -> float:
        """Seconds to wait before asking; 0 means go, and after trouble only one caller is let through."""
        trouble = self._trouble.get(key)
        if trouble is None:
            return 0.0
        left = trouble.until - self._clock()
        if left > 0:
            return left
        trouble.until = self._clock() + PROBE
        return 0.0

    def failed(self, key: Hashable, asked: float | None = None) -> float:
        """Note a failure; returns the seconds until the next try. `asked` is the provider's Retry-After."""
        trouble = self._trouble.setdefault(key, _Trouble(0.0, 0))
        trouble.failures += 1
        if asked is None:
            full = min(LONGEST, FIRST * 2.0 ** min(trouble.failures - 1, 10))
            asked = full * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing
        delay = min(asked, LONGEST_ASKED)
        trouble.until = self._clock() + delay
        return delay

    def succeeded(self, key: Hashable) -> None:
        """The provider answers again."""
        self._trouble.pop(key, None)
