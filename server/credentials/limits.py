"""How often an app, and one viewer of it, may ask for tokens: token buckets in this process's memory (X-09)."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from server.web.errors import ApiError

# Connect's own number (connect-error-codes.txt).
TOO_OFTEN = 277
# A bucket holds what may be asked in so many seconds, so that many viewers may arrive at once.
HOLDS = 10.0
# What is not a handle of the app's own costs it as much as so many good ones.
WRONG = 10.0
MOST = 50_000


class Buckets:
    """One token bucket a key: it fills by `rate` a second, up to `HOLDS` seconds' worth."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._most = rate * HOLDS
        self._clock = clock
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable, cost: float = 1.0) -> float:
        """Take `cost` from a bucket: 0, or the seconds until there is enough, and then nothing is taken."""
        moment = self._clock()
        level, since = self._levels.pop(key, (self._most, moment))
        level = min(self._most, level + (moment - since) * self._rate)
        wait = max(0.0, (cost - level) / self._rate)
        self._levels[key] = (level if wait else level - cost, moment)
        while len(self._levels) > MOST:
            self._levels.popitem(last=False)
        return wait

    def charge(self, key: Hashable, cost: float) -> None:
        """Take `cost` whether it is there or not; a bucket is never more than one second's worth in debt."""
        self.take(key, 0.0)
        level, since = self._levels[key]
        self._levels[key] = (max(level - cost, -self._rate), since)

    def give_back(self, key: Hashable) -> None:
        """Undo one `take` of a request that came to nothing."""
        level, since = self._levels.get(key, (self._most, self._clock()))
        self._levels[key] = (min(self._most, level + 1.0), since)


class Limits:
    """Each app has its own buckets, and each viewer one at each app: none can use up another's."""

    def __init__(self, app_rate: float, viewer_rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._apps = Buckets(app_rate, clock)
        self._viewers = Buckets(viewer_rate, clock)

    def app(self, content_guid: str) -> None:
        """An app asks. Raises ApiError 429."""
        _refuse(self._apps.take(content_guid))

    def viewer(self, content_guid: str, user_guid: str) -> None:
        """It asks for one of its viewers. Raises ApiError 429, and then the others lose nothing by her."""
        wait = self._viewers.take((content_guid, user_guid))
        if wait > 0:
            self._apps.give_back(content_guid)
        _refuse(wait, " for one viewer")

    def wrong(self, content_guid: str) -> None:
        """What it sent was no handle of its own."""
        self._apps.charge(content_guid, WRONG)


def _refuse(wait: float, whom: str = "") -> None:
    if wait > 0:
        message = f"This app asks for tokens too often{whom}; try again shortly, and use each for as long as it lasts."
        raise ApiError(429, TOO_OFTEN, message, retry=wait)
