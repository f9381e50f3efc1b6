"""Step 5 of a visit: a running instance or a folder of files for a connected viewer, or why there is none yet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from runners.published import Published
from server.consent.check import Connected
from server.instances.live import Live, Place, StartProblem
from server.instances.pool import Pool
from server.renderings.documents import Documents, Unrendered


@dataclass(frozen=True)
class Routed:
    """The instance that will serve this visit. `waited`: it was not ready yet, so time has passed."""

    connected: Connected
    live: Live
    waited: bool = False


@dataclass(frozen=True)
class Opened:
    """The files that will serve this visit: the content has no process."""

    connected: Connected
    published: Published
    waited: bool = False


@dataclass(frozen=True)
class StillStarting:
    """The instance is not ready yet; `lines` is what has been printed so far."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class CannotStart:
    """The instance could not be started."""

    problem: StartProblem


class Acquirer:
    """Takes only `Connected`: a dispatcher that skips consent does not type-check."""

    def __init__(self, pool: Pool, documents: Documents) -> None:
        self._pool, self._documents = pool, documents

    async def acquire(
        self, connected: Connected, bundle_id: int, *, draft: bool, patience: float | None
    ) -> Routed | Opened | StillStarting | CannotStart:
        """What serves. `patience` in seconds bounds the wait; None waits until it is ready or has failed."""
        place = Place(connected.view.guid, bundle_id, draft)
        live = self._pool.warm(place)
        if live is not None:
            return Routed(connected, live)
        try:
            files = await self._documents.find(connected.view.id, bundle_id)
            if files is not None:
                return Opened(connected, files)
            live = await asyncio.wait_for(self._pool.acquire(connected.view, place), patience)
            return Routed(connected, live, waited=True)
        except Unrendered:
            return await self._rendered(connected, bundle_id, patience)
        except TimeoutError:
            return StillStarting(tuple(self._pool.progress(place)))
        except StartProblem as problem:
            return CannotStart(problem)

    async def _rendered(
        self, connected: Connected, bundle_id: int, patience: float | None
    ) -> Opened | StillStarting | CannotStart:
        try:
            await asyncio.wait_for(self._documents.rendered(connected.view, bundle_id), patience)
            files = await self._documents.find(connected.view.id, bundle_id)
        except TimeoutError:
            return StillStarting(tuple(self._documents.progress(bundle_id)))
        except StartProblem as problem:
            return CannotStart(problem)
        if files is None:  # deleted meanwhile
            return CannotStart(StartProblem("This version does not exist any more."))
        return Opened(connected, files, waited=True)
