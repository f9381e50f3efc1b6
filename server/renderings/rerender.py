"""Renders what is served once more, when somebody asks: a task, as a deployment is one."""

from __future__ import annotations

from server.audit.trail import Trail
from server.bundles import store as bundles
from server.content.view import ContentView
from server.db.engine import Database
from server.instances.live import StartProblem
from server.instances.prepare import Preparer
from server.renderings.documents import Documents, Report, is_rendered
from server.tasks.tasks import TaskFailed, Tasks
from server.web.caller import Caller
from server.web.errors import ApiError

NO_VERSION = 28
NOT_RENDERED = 147
LOCKED_PROCESS = 223


class Rerender:
    """Begins renderings."""

    def __init__(self, db: Database, tasks: Tasks, preparer: Preparer, documents: Documents, trail: Trail) -> None:
        self._db, self._tasks, self._preparer = db, tasks, preparer
        self._documents, self._trail = documents, trail

    async def begin(self, caller: Caller, view: ContentView) -> str:
        """Start rendering the version that is served; returns the task's id.

        Raises ApiError: 400 code 147 where it is not rendered, 400 code 28 without a version, 409 code 223 locked.
        """
        if not is_rendered(view.app_mode):
            raise ApiError(
                400, NOT_RENDERED, "This content is not rendered: it runs, or its files are served as they are."
            )
        if view.locked:
            raise ApiError(409, LOCKED_PROCESS, "This content is locked; an administrator can unlock it.")
        number = view.bundle_id
        if number is None:
            raise ApiError(400, NO_VERSION, "No version is served yet; deploy one first.")
        bundle = await self._db.read(bundles.get, view.id, number)
        await self._db.write(
            lambda session: self._trail.record(session, caller, "render", content_guid=view.guid, bundle_id=number)
        )

        async def work(report: Report) -> None:
            try:
                prepared = await self._preparer.prepare(bundle, report)
                await self._documents.render(view, bundle, prepared, report)
            except StartProblem as problem:
                report(problem.message)
                raise TaskFailed(problem.message) from None
            report(f"Version {number} is rendered; the new pages are shown.")

        return await self._tasks.start(caller.guid, view.guid, work)
