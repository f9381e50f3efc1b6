"""Counts how grants at providers go, in memory first: nobody's exchange waits for a write of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from integrations.grants.rejection import CLIENT_REJECTED, CONSENT_ENDED
from server.db.clock import now
from server.db.engine import Database, DatabaseUnavailable
from server.health import store
from server.health.store import Counts, Tally
from server.vault.errors import UNUSABLE_CODE
from server.vault.outcomes import Outcome
from server.vault.renewal import PERHAPS_ONLY_THIS

log = logging.getLogger("tabard.health")
# Seconds between batches: what a kill -9 can cost.
GATHER = 2.0
# How sentences for people end; who reads about health is that administrator.
TO_OTHERS = "An administrator should check the integration."
# Errors that only an administrator can mend: the provider refuses our client, or it cannot even be made.
REFUSED = frozenset({*CLIENT_REJECTED, UNUSABLE_CODE})
SWEEP = 3600.0


class Recorder:
    """Listens to the vault; needs a running loop. `clock` is for tests."""

    def __init__(self, db: Database, *, gather: float = GATHER, clock: Callable[[], datetime] = now) -> None:
        self._db, self._gather, self._clock = db, gather, clock
        self._waiting: dict[str, Tally] = {}
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def note(self, outcome: Outcome) -> None:
        """One grant went so: to `vault.outcomes.listen`."""
        moment = self._clock()
        tally = self._waiting.setdefault(outcome.integration_guid, Tally())
        hour = moment.replace(minute=0, second=0, microsecond=0)
        counts = tally.hours.setdefault((hour, outcome.kind), Counts())
        if outcome.ok:
            counts.ok += 1
            tally.last_success, tally.failures, tally.succeeded = moment, 0, True
        elif outcome.code in CONSENT_ENDED:
            # The provider answered as it should: one person's consent is over, and the integration works.
            counts.ended += 1
        else:
            counts.failed += 1
            tally.failures += 1
            reason = outcome.reason.removesuffix(TO_OTHERS).strip()
            # A role or scope that one person lost at the vendor must not pass for everybody's trouble.
            alone = outcome.kind == "refresh" and outcome.code in PERHAPS_ONLY_THIS
            refused = outcome.code in REFUSED and not alone
            tally.error = store.Error(moment, outcome.kind, outcome.code, reason, refused=refused)
        if outcome.skew is not None:
            tally.skew = (moment, outcome.skew)
        if outcome.used_second is not None:
            tally.used_second = (moment, outcome.used_second)
        self._soon()

    def _soon(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="health")

    async def _write(self) -> None:
        while self._waiting:
            await _pause(self._closing, self._gather)
            await self.flush()
            if self._waiting and self._closing.is_set():
                log.error("how %d integrations fared could not be written", len(self._waiting))
                return

    async def flush(self) -> None:
        """Write what waits; what cannot be written waits on."""
        batch, self._waiting = self._waiting, {}
        try:
            await self._db.write(store.record, batch)
        except DatabaseUnavailable:
            for guid, tally in self._waiting.items():
                batch[guid] = batch[guid].then(tally) if guid in batch else tally
            self._waiting = batch

    async def keep_house(self) -> None:
        """Run until cancelled: remove counts that are older than anybody asks for."""
        while True:
            with suppress(DatabaseUnavailable):
                await self._db.write(store.drop_before, self._clock() - store.KEPT)
            await asyncio.sleep(SWEEP)

    async def aclose(self) -> None:
        """Write what still waits."""
        self._closing.set()
        if self._writer is not None:
            await self._writer
        if self._waiting:
            await self.flush()


async def _pause(ended: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), seconds)
