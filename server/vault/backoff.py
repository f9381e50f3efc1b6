"""How long a provider is left alone after trouble, in this process: a breaker for each integration (O-27)."""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from server.vault.errors import IntegrationBroken, TryLater, VaultError

FIRST, LONGEST = 1.0, 60.0
LONGEST_ASKED = 3600.0
# While one caller tries whether the provider is back, the others wait for this long: a little more than one call.
PROBE = 12.0
MOST = 20_000


@dataclass
class _Trouble:
    failures: int = 0
    until: float = 0.0
    broken: bool = False
    reason: str = ""


class Backoff:
    """Exponential with jitter, or as long as the provider asked. Keys name an integration's exact settings, or a
    connection, so that mending what was wrong ends the wait at once.

    The first `patience` - 1 failures in a row are let pass, unless the provider itself asked for a pause or a
    failure counts `at_once`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, patience: int = 1) -> None:
        self._clock = clock
        self._patience = patience
        self._trouble: OrderedDict[Hashable, _Trouble] = OrderedDict()

    def trouble(self, key: Hashable) -> VaultError | None:
        """Why the provider is not asked now, in the sort of the last failure; None means go."""
        found = self._trouble.get(key)
        if found is None:
            return None
        left = found.until - self._clock()
        if left <= 0:
            return None
        return IntegrationBroken(found.reason) if found.broken else TryLater(found.reason, left)

    def begin(self, key: Hashable) -> None:
        """Somebody asks now. After trouble she is the only one until it is known how that went (half-open)."""
        found = self._trouble.get(key)
        if found is not None and found.failures >= self._patience:
            found.until = self._clock() + PROBE

    def spared(self, key: Hashable) -> None:
        """Who was to ask did not after all: the next one may."""
        found = self._trouble.get(key)
        if found is not None:
            found.until = self._clock()

    def failed(
        self, key: Hashable, reason: str, *, broken: bool = False, asked: float | None = None, at_once: bool = False
    ) -> float:
        """Note a failure; returns the seconds until the next try. `asked` is the provider's Retry-After."""
        found = self._trouble.setdefault(key, _Trouble())
        self._trouble.move_to_end(key)
        while len(self._trouble) > MOST:
            self._trouble.popitem(last=False)
        found.failures += 1
        found.broken, found.reason = broken, reason
        if asked is not None or at_once:
            found.failures = max(found.failures, self._patience)
        if found.failures < self._patience:
            return 0.0
        if asked is None:
            full = min(LONGEST, FIRST * 2.0 ** min(found.failures - self._patience, 10))
            asked = full * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing
        delay = min(asked, LONGEST_ASKED)
        found.until = self._clock() + delay
        return delay

    def succeeded(self, key: Hashable) -> None:
        """The provider answers again."""
        self._trouble.pop(key, None)


class Patience:
    """When a provider may be asked to renew one connection: each connection waits for itself, and all of an
    integration wait when several in a row had trouble, so that one that always fails costs the others nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._connections = Backoff(clock)
        self._integrations = Backoff(clock, patience=3)

    def trouble(self, connection: str, integration: Hashable) -> VaultError | None:
        """Why the provider is not asked now; None means go."""
        return self._integrations.trouble(integration) or self._connections.trouble((connection, integration))

    def begin(self, connection: str, integration: Hashable) -> None:
        """Somebody asks now."""
        self._connections.begin((connection, integration))
        self._integrations.begin(integration)

    def spared(self, connection: str, integration: Hashable) -> None:
        """The provider was not asked after all."""
        self._connections.spared((connection, integration))
        self._integrations.spared(integration)

    def answered(self, connection: str, integration: Hashable) -> None:
        """The provider answered as it should, whether with tokens or with the end of the consent."""
        self._connections.succeeded((connection, integration))
        self._integrations.succeeded(integration)

    def refused(self, connection: str, integration: Hashable, reason: str, *, everybody: bool) -> None:
        """The provider refuses our client, for `everybody` or perhaps for what this connection asks for."""
        self._connections.failed((connection, integration), reason, broken=True)
        self._integrations.failed(integration, reason, broken=True, at_once=everybody)

    def failed(self, connection: str, integration: Hashable, reason: str, asked: float | None) -> float:
        """Trouble that may pass; returns the seconds until the next try."""
        own = self._connections.failed((connection, integration), reason, asked=asked)
        return max(own, self._integrations.failed(integration, reason, asked=asked))
