"""Deploying a version: build its environment, see it work, and only then let it replace the one that serves."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

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
from server.packages import store as packages
from server.renderings.documents import Documents, is_rendered, is_static
from server.tasks.tasks import TaskFailed, Tasks
from server.web.caller import Caller
from server.web.errors import ApiError

BUNDLE_MISSING = 28
MODE_CHANGED = 48
LOCKED_PROCESS = 223
Report = Callable[[str], None]
Fetch = Callable[[Report], Awaitable[int]]
Associate = Callable[[Caller, ContentView, Bundle, Report], Awaitable[None]]


async def _nothing(_caller: Caller, _view: ContentView, _bundle: Bundle, _report: Report) -> None:
    """Associate nothing."""


class Deployer:
    """Runs deployments as tasks. A failure leaves the version that serves untouched."""

    def __init__(
        self,
        db: Database,
        directory: Directory,
        tasks: Tasks,
        preparer: Preparer,
        pool: Pool,
        documents: Documents,
        trail: Trail,
        *,
        associate: Associate = _nothing,
    ) -> None:
        self._db, self._directory, self._tasks = db, directory, tasks
        self._preparer, self._pool, self._documents, self._trail = preparer, pool, documents, trail
        self._associate = associate

    async def begin(self, caller: Caller, view: ContentView, bundle_id: int | None, *, activate: bool) -> str:
        """Start deploying; returns the task's id. Raises ApiError (28 no bundle, 48 another kind, 223 locked)."""
        bundle, job = await self._claim(caller, view, bundle_id, activate=activate)

        async def work(report: Report) -> None:
            await self._deploy(caller, view, bundle, job, report, activate=activate)

        return await self._tasks.start(caller.guid, view.guid, work)

    async def begin_from(self, caller: Caller, view: ContentView, fetch: Fetch, *, activate: bool) -> str:
        """As begin, for a version that `fetch(report)` makes first, within the task. Raises ApiError 409, code 223."""
        _check_unlocked(view)
        fetching = Instance(key=secrets.token_hex(8), content_id=view.id, tag="git")
        await self._db.write(instances.begin, fetching)

        async def work(report: Report) -> None:
            try:
                async with self._recorded(fetching.key):
                    number = await fetch(report)
                bundle, job = await self._claim(caller, view, number, activate=activate)
            except ApiError as error:
                raise TaskFailed(error.message) from None
            await self._deploy(caller, view, bundle, job, report, activate=activate)

        return await self._tasks.start(caller.guid, view.guid, work)

    async def build(self, caller: Caller, view: ContentView, bundle_id: int | None) -> str:
        """Start building a version's environment and nothing more; returns the task's id. Raises ApiError as begin."""
        bundle, job = await self._claim(caller, view, bundle_id, activate=None)

        async def work(report: Report) -> None:
            await self._build(bundle, job, report)
            report(f"The environment of version {bundle.id} is ready.")

        return await self._tasks.start(caller.guid, view.guid, work)

    async def _claim(
        self, caller: Caller, view: ContentView, bundle_id: int | None, *, activate: bool | None
    ) -> tuple[Bundle, str]:
        """The version to work on and the key of the job that says so; `activate` is None where it is only built."""
        _check_unlocked(view)
        number = bundle_id if bundle_id is not None else view.bundle_id
        if number is None:
            raise ApiError(400, BUNDLE_MISSING, "There is no version to deploy; upload a bundle first.")
        job = Instance(key=secrets.token_hex(8), content_id=view.id, bundle_id=number, tag="python_restore")

        def write(session: Session) -> Bundle:
            bundle = bundles.get(session, view.id, number)
            content = store.by_id(session, view.id)
            _check_mode(session, content, bundle)
            if activate is not None:  # the kind is known from here on, whatever becomes of the deployment
                content.app_mode = bundle.app_mode
                session.add(content)
            instances.begin(session, job)
            if activate is None:
                self._trail.record(session, caller, "build", content_guid=view.guid, bundle_id=number)
            else:
                self._trail.record(
                    session, caller, "deploy", content_guid=view.guid, bundle_id=number, activate=activate
                )
            return bundle

        bundle = await self._db.write(write)
        self._directory.forget(view.guid)
        self._pool.forgive(Place(view.guid, number, draft=True))
        self._pool.forgive(Place(view.guid, number))
        return bundle, job.key

    async def _deploy(
        self, caller: Caller, view: ContentView, bundle: Bundle, job_key: str, report: Report, *, activate: bool
    ) -> None:
        assert bundle.id is not None
        prepared = await self._build(bundle, job_key, report)
        await self._associate(caller, view, bundle, report)
        if prepared is not None:
            await self._see_it_work(view, bundle, prepared, report, draft=not activate)
        if activate:
            await self._activate(view, bundle, prepared)
            report(f"Version {bundle.id} is now being served.")
        else:
            report(f"Version {bundle.id} is ready as a draft; what is being served has not changed.")

    @contextlib.asynccontextmanager
    async def _recorded(self, job_key: str) -> AsyncIterator[None]:
        """Work whose end, good or bad, is written into its job."""
        try:
            yield
        except (StartProblem, TaskFailed, ApiError) as problem:
            await self._db.write(instances.ended, job_key, 1, str(problem))
            raise
        except BaseException:
            await self._db.write(instances.ended, job_key, None, "interrupted")
            raise
        await self._db.write(instances.ended, job_key, 0, None)

    async def _build(self, bundle: Bundle, job_key: str, report: Report) -> Prepared | None:
        """What is ready to be launched; None where nothing runs and the files have been looked at."""
        try:
            async with self._recorded(job_key):
                if is_static(bundle.app_mode):
                    await self._documents.check(bundle, report)
                    return None
                prepared = await self._preparer.prepare(bundle, report)
                await self._preparer.check(prepared)
                await self._db.write(_built, bundle.id, prepared)
        except StartProblem as problem:
            # The installer has reported its own output already, line by line.
            report(problem.message)
            raise TaskFailed(problem.message) from None
        return prepared

    async def _see_it_work(
        self, view: ContentView, bundle: Bundle, prepared: Prepared, report: Report, *, draft: bool
    ) -> None:
        """Start an app, render a document. Raises TaskFailed."""
        assert bundle.id is not None
        try:
            if is_rendered(bundle.app_mode):
                await self._documents.render(view, bundle, prepared, report)
            else:
                await self._pool.acquire(view, Place(view.guid, bundle.id, draft), report)
        except StartProblem as problem:
            report(problem.message)
            for line in problem.detail.splitlines():
                report(f"    {line}")
            raise TaskFailed(problem.message) from None

    async def _activate(self, view: ContentView, bundle: Bundle, prepared: Prepared | None) -> None:
        settle = self._tasks.settlement()

        def write(session: Session) -> None:
            content = session.get(Content, view.id, with_for_update=True)
            if content is None or bundle.id is None or session.get(Bundle, bundle.id) is None:
                raise TaskFailed("This version was deleted while it was being deployed.")
            try:  # a deployment of another kind may have come first
                _check_mode(session, content, bundle)
            except ApiError as problem:
                raise TaskFailed(problem.message) from None
            environment = prepared.python if prepared is not None else None
            content.bundle_id = bundle.id
            content.app_mode = bundle.app_mode
            content.py_version = environment.version if environment is not None else None
            content.py_management = environment.managed if environment is not None else None
            content.last_deployed_time = now()
            session.add(content)
            installed = environment.packages if environment is not None and environment.managed else {}
            version = environment.version if environment is not None else ""
            packages.record(session, view.id, bundle.id, version, installed)
            settle(session)

        await self._db.write(write)
        self._directory.forget(view.guid)
        self._pool.retire(view.guid, but=bundle.id)


def _built(session: Session, bundle_id: int | None, prepared: Prepared) -> None:
    """Note what a version runs with; one that was deleted meanwhile is left alone."""
    row = session.get(Bundle, bundle_id)
    if row is not None and prepared.python is not None:
        row.py_version = prepared.python.version
        row.environment_key = prepared.python.key
        row.details = {**row.details, "py_management": prepared.python.managed}
        session.add(row)


def _check_unlocked(view: ContentView) -> None:
    if view.locked:
        raise ApiError(409, LOCKED_PROCESS, "This content is locked; an administrator can unlock it.")


def _check_mode(session: Session, content: Content, bundle: Bundle) -> None:
    """Content whose served version is of one kind never becomes another kind."""
    served = session.get(Bundle, content.bundle_id) if content.bundle_id is not None else None
    if served is not None and served.app_mode not in ("unknown", bundle.app_mode):
        raise ApiError(
            409,
            MODE_CHANGED,
            f"This content is {served.app_mode}, the new version is {bundle.app_mode}; deploy it as new content.",
        )
