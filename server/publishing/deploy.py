"""Deploying a version: build its environment, see it start, and only then let it replace the one that serves."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from server.audit.trail import Trail
from server.bundles import store as bundles
from server.content import store
from server.content.directory import Directory
from server.content.view import ContentView
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Bundle, Content, Instance
from server.instances import store as instances
from server.instances.live import Place, StartProblem
from server.instances.pool import Pool
from server.instances.prepare import Prepared, Preparer
from server.tasks.tasks import TaskFailed, Tasks
from server.web.caller import Caller
from server.web.errors import ApiError

BUNDLE_MISSING = 28
MODE_CHANGED = 48
LOCKED_PROCESS = 223
Report = Callable[[str], None]


class Deployer:
    """Runs deployments as tasks. A failure leaves the version that serves untouched."""

    def __init__(
        self, db: Database, directory: Directory, tasks: Tasks, preparer: Preparer, pool: Pool, trail: Trail
    ) -> None:
        self._db, self._directory, self._tasks = db, directory, tasks
        self._preparer, self._pool, self._trail = preparer, pool, trail

    async def begin(self, caller: Caller, view: ContentView, bundle_id: int | None, *, activate: bool) -> str:
        """Start deploying; returns the task's id. Raises ApiError (28 no bundle, 48 another kind, 223 locked)."""
        if view.locked:
            raise ApiError(409, LOCKED_PROCESS, "This content is locked; an administrator can unlock it.")
        number = bundle_id if bundle_id is not None else view.bundle_id
        if number is None:
            raise ApiError(400, BUNDLE_MISSING, "There is no version to deploy; upload a bundle first.")
        job = Instance(key=secrets.token_hex(8), content_id=view.id, bundle_id=number, tag="python_restore")

        def write(session: Session) -> Bundle:
            bundle = bundles.get(session, view.id, number)
            content = store.by_id(session, view.id)
            _check_mode(content, bundle)
            instances.begin(session, job)
            self._trail.record(session, caller, "deploy", content_guid=view.guid, bundle_id=number, activate=activate)
            return bundle

        bundle = await self._db.write(write)
        self._pool.forgive(Place(view.guid, number, draft=True))
        self._pool.forgive(Place(view.guid, number))

        async def work(report: Report) -> dict[str, Any] | None:
            prepared = await self._build(bundle, job.key, report)
            place = Place(view.guid, number, draft=not activate)
            await self._see_it_start(view, place, report)
            if activate:
                await self._activate(view, bundle, prepared)
                report(f"Version {number} is now being served.")
            else:
                report(f"Version {number} is ready as a draft; what is being served has not changed.")
            return None

        return await self._tasks.start(caller.guid, view.guid, work)

    async def _build(self, bundle: Bundle, job_key: str, report: Report) -> Prepared:
        try:
            prepared = await self._preparer.prepare(bundle, report)
            await self._preparer.check(prepared)
        except StartProblem as problem:
            await self._db.write(instances.ended, job_key, 1, problem.message)
            # The installer has reported its own output already, line by line.
            report(problem.message)
            raise TaskFailed(problem.message) from None
        except BaseException:
            await self._db.write(instances.ended, job_key, None, "interrupted")
            raise
        await self._db.write(instances.ended, job_key, 0, None)
        return prepared

    async def _see_it_start(self, view: ContentView, place: Place, report: Report) -> None:
        try:
            await self._pool.acquire(view, place, report)
        except StartProblem as problem:
            report(problem.message)
            for line in problem.detail.splitlines():
                report(f"    {line}")
            raise TaskFailed(problem.message) from None

    async def _activate(self, view: ContentView, bundle: Bundle, prepared: Prepared) -> None:
        def write(session: Session) -> None:
            content = session.get(Content, view.id, with_for_update=True)
            row = session.get(Bundle, bundle.id)
            if content is None or row is None:
                raise TaskFailed("This version was deleted while it was being deployed.")
            content.bundle_id = bundle.id
            content.app_mode = prepared.kind.app_mode
            content.py_version = prepared.environment.version
            content.last_deployed_time = now()
            session.add(content)
            row.py_version = prepared.environment.version
            row.environment_key = prepared.environment.key
            session.add(row)

        await self._db.write(write)
        self._directory.forget(view.guid)
        self._pool.retire(view.guid, but=bundle.id)


def _check_mode(content: Content, bundle: Bundle) -> None:
    if content.bundle_id is not None and content.app_mode not in ("unknown", bundle.app_mode):
        raise ApiError(
            409,
            MODE_CHANGED,
            f"This content is {content.app_mode}, the new version is {bundle.app_mode}; deploy it as new content.",
        )
