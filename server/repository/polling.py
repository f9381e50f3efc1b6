"""Looks every few minutes whether polled repositories have moved, and has what is new deployed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlmodel import Session

from runners.repositories.location import COMMIT, Location
from server.content.directory import Directory
from server.content.view import ContentView
from server.db.clock import now
from server.db.engine import Database, DatabaseUnavailable
from server.db.models import Repository, User
from server.repository import store
from server.repository.fetching import Fetching, location_of
from server.web.caller import Caller
from server.web.errors import ApiError

log = logging.getLogger("tabard.repository")
MOST = 50
Deploy = Callable[[Caller, ContentView, Location], Awaitable[str]]


class Polling:
    """`deploy` begins a deployment from a repository in its owner's name; `every` is in seconds."""

    def __init__(self, db: Database, directory: Directory, fetching: Fetching, deploy: Deploy, *, every: float) -> None:
        self._db, self._directory, self._fetching = db, directory, fetching
        self._deploy, self._every = deploy, every

    async def keep_polling(self) -> None:
        """Run until cancelled."""
        while self._fetching.available:
            await asyncio.sleep(self._every / 5)
            try:
                await self.once()
            except DatabaseUnavailable:
                log.warning("repositories could not be looked at: the database is not available")

    async def once(self) -> None:
        """Look at every repository that is due, one after the other."""
        before = now() - timedelta(seconds=self._every)
        for row, guid in await self._db.read(store.due, before, MOST):
            try:
                await self._look(row, guid)
            except DatabaseUnavailable:
                raise
            except ApiError as error:
                await self._failed(row, error.message)
            except Exception:
                # One repository must not keep the others from being looked at.
                log.exception("the repository of content %s could not be looked at", guid)
                await self._failed(row, "This server could not look at the repository; its log says why.")

    async def _failed(self, row: Repository, problem: str) -> None:
        await self._db.write(lambda session: store.looked(session, row.content_id, error=problem))

    async def _look(self, row: Repository, guid: str) -> None:
        location = location_of(row)
        commit = await self._fetching.newest(location)
        if commit is None and not COMMIT.fullmatch(row.branch):
            raise ApiError(400, 25, f"The repository has no branch or tag named {row.branch} any more.")
        view = await self._directory.by_guid(guid)
        # Nothing is fetched before somebody has deployed it once; then each commit is tried once, whatever comes of it.
        moved = None not in (commit, row.last_known_commit) and commit != row.last_known_commit
        known = commit if moved else None
        await self._db.write(lambda s: store.looked(s, row.content_id, commit=known))
        if moved and view is not None:
            log.info("content %s follows its repository to %s", guid, commit)
            owner = await self._db.read(_owner, view.owner_id)
            if owner is not None:
                await self._deploy(owner, view, location)


def _owner(session: Session, user_id: int) -> Caller | None:
    """The owner as a caller, unless her account is locked or no longer a publisher's."""
    user = session.get(User, user_id)
    if user is None or user.locked:
        return None
    found = Caller(user_id, user.guid, user.username, user.username, user.email, user.role, "key", "polling")
    return found if found.has("publisher") else None
