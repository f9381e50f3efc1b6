"""What runs beside the requests: recovery at start, house-keeping, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from sqlmodel import Session

from runners.repositories.location import Location
from server.bundles import store as bundles
from server.content.view import ContentView
from server.oauth import defaults
from server.repository.polling import Polling
from server.services import Services
from server.usage import store as usage
from server.web.caller import Caller

log = logging.getLogger("tabard")
IDLE_SECONDS = 3600.0


def _recover_records(services: Services) -> set[str]:
    def write(session: Session) -> set[str]:
        services.tasks.recover(session)
        defaults.install(session, services.integrations)
        services.thumbnails.sweep(session)
        usage.close_open(session)
        return bundles.folders(session)

    return services.db.write_now(write)


def _polling(services: Services) -> Polling:
    """Content that follows its repository is deployed like any other."""

    async def deploy(owner: Caller, view: ContentView, location: Location) -> str:
        fetch = services.fetching.making(owner, view, location)
        return await services.deployer.begin_from(owner, view, fetch, activate=True)

    every = services.settings.git_polling
    return Polling(services.db, services.directory, services.fetching, deploy, every=every)


class Background:
    """Short work that follows a change and that nobody waits for, kept until it is done."""

    def __init__(self) -> None:
        self._jobs: set[asyncio.Task[object]] = set()

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run `work` soon; what it raises is logged."""
        task: asyncio.Task[object] = asyncio.get_running_loop().create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._jobs.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("background work failed", exc_info=task.exception())

    async def aclose(self) -> None:
        """Wait for what runs."""
        while self._jobs:
            await asyncio.gather(*self._jobs, return_exceptions=True)


@contextlib.asynccontextmanager
async def running(
    services: Services, background: Background, *beside: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Recover, run the house-keeping and what runs `beside` it while the server serves, then end all in order.

    Instances end before the vault does, so that an app's last exchange is answered; a refresh under way is
    always finished and saved (security.md O-22).
    """
    await asyncio.to_thread(services.db.changes.begin)
    folders = await asyncio.to_thread(_recover_records, services)
    await asyncio.to_thread(services.shelf.sweep, folders)
    await asyncio.to_thread(services.fetching.sweep)
    await services.pool.recover()
    await services.documents.recover()
    house = [
        asyncio.create_task(services.db.changes.follow(), name="changes"),
        asyncio.create_task(services.sessions.keep_flushing(), name="sessions"),
        asyncio.create_task(services.pool.keep_house(IDLE_SECONDS), name="instances"),
        asyncio.create_task(services.usage.keep_house(), name="usage"),
        asyncio.create_task(services.vault.keep_house(), name="revocations"),
        asyncio.create_task(services.health.recorder.keep_house(), name="health"),
        asyncio.create_task(_polling(services).keep_polling(), name="repositories"),
        *(asyncio.ensure_future(work()) for work in beside),
    ]
    try:
        yield
    finally:
        for job in house:
            job.cancel()
        await asyncio.gather(*house, return_exceptions=True)
        await services.tasks.aclose()
        await services.documents.aclose()
        await services.pool.aclose()
        await services.runner.close()
        await background.aclose()
        await services.vault.aclose()
        await services.sessions.flush()
        await services.health.recorder.aclose()
        await services.usage.aclose()
        await services.trail.aclose()
        await services.outbound.aclose()
        services.passwords.close()
