"""Deploying: a failure leaves what serves untouched."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.audit.trail import Trail
from server.bundles import store as bundles
from server.content import store as content
from server.db.engine import Database
from server.db.models import Task
from server.instances import store as instances
from server.instances.live import Place, StartProblem
from server.packages import store as packages
from server.publishing.deploy import Deployer
from server.tasks.tasks import Tasks
from server.web.caller import Caller
from server.web.errors import ApiError
from tests.unit.server.instances.rig import Rig, until


class Desk(Rig):
    """A rig that deploys."""

    def __init__(self, db: Database, root: Path) -> None:
        super().__init__(db, root)
        self.trail, self.tasks = Trail(db, gather=0.01), Tasks(db)
        self.deployer = Deployer(db, self.directory, self.tasks, self.preparer, self.pool, self.documents, self.trail)  # type: ignore[arg-type]
        self.caller = Caller(user_id=self.owner.id or 0, guid=self.owner.guid, role="publisher", via="key")

    async def deploy(self, number: int | None, **terms: bool) -> tuple[Task, list[str]]:
        """Deploy and wait for the end."""
        task_id = await self.deployer.begin(self.caller, self.view, number, **({"activate": True} | terms))
        return await self.finished(task_id)

    async def finished(self, task_id: str) -> tuple[Task, list[str]]:
        lines: list[str] = []
        async with asyncio.timeout(20):
            while True:
                found: Any = await self.tasks.poll(task_id, len(lines), 1.0)
                lines += found[1]
                if found[0].finished:
                    return found[0], lines


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(db, tmp_path)
    yield made
    made.runner.gate.set()
    await made.tasks.aclose()
    await made.pool.aclose()
    await made.trail.aclose()


async def test_a_version_is_served_once_it_has_started(desk: Desk):
    number = desk.bundle()
    task, lines = await desk.deploy(number)
    assert (task.code, task.error) == (0, "")
    assert lines[-1] == f"Version {number} is now being served."
    assert "Prepared." in lines
    assert desk.view.bundle_id == number
    row = desk.db.read_now(content.by_guid, desk.guid)
    assert (row.app_mode, row.py_version) == ("python-streamlit", "3.11.7")
    assert desk.pool.warm(Place(desk.guid, number)) is not None


async def test_a_draft_changes_nothing(desk: Desk):
    first, second = desk.bundle(), desk.bundle("two.py")
    await desk.deploy(first)
    task, _lines = await desk.deploy(second, activate=False)
    assert task.code == 0
    assert desk.view.bundle_id == first
    assert desk.pool.warm(Place(desk.guid, second, draft=True)) is not None
    assert desk.pool.warm(Place(desk.guid, first)) is not None


@pytest.mark.parametrize("how", ["start", "environment", "syntax"])
async def test_a_failure_leaves_the_old_version_on_the_road(desk: Desk, how: str):
    good = desk.bundle()
    await desk.deploy(good)
    live = desk.pool.warm(Place(desk.guid, good))
    bad = desk.bundle("crash.py" if how == "start" else "app2.py")
    if how == "environment":
        desk.preparer.problem = StartProblem("No such package.")
    if how == "syntax":
        desk.preparer.syntax = StartProblem("The app cannot start: SyntaxError")
    task, lines = await desk.deploy(bad)
    assert (task.finished, task.code) == (True, 1)
    assert task.error in lines
    if how == "start":
        assert any("boom" in line for line in lines)
    assert desk.view.bundle_id == good
    assert desk.pool.warm(Place(desk.guid, good)) is live
    jobs = desk.db.read_now(instances.listing, desk.view.id)
    assert all(job.end_time is not None for job in jobs if job.bundle_id == bad)


async def test_a_second_try_is_made_at_once(desk: Desk):
    bad = desk.bundle("crash.py")
    for _ in range(2):
        assert (await desk.deploy(bad))[0].code == 1
    assert len(desk.runner.started) == 2


async def test_the_job_is_listed_before_the_answer(desk: Desk):
    desk.runner.gate.clear()
    number = desk.bundle()
    task_id = await desk.deployer.begin(desk.caller, desk.view, number, activate=True)
    assert len(desk.db.read_now(instances.listing, desk.view.id)) == 1
    desk.runner.gate.set()
    assert (await desk.finished(task_id))[0].code == 0


async def test_what_cannot_be_deployed(desk: Desk):
    async def refused(number: int | None, status: int, code: int) -> None:
        with pytest.raises(ApiError) as caught:
            await desk.deployer.begin(desk.caller, desk.view, number, activate=True)
        assert (caught.value.status, caught.value.code) == (status, code)

    await refused(None, 400, 28)
    await refused(4242, 404, 4)
    await desk.deploy(desk.bundle())
    await refused(desk.bundle("p.py", "python-panel"), 409, 48)
    desk.db.write_now(content.change, desk.guid, {"locked": True})
    await refused(None, 409, 223)


async def test_the_kind_is_known_from_the_beginning_on(desk: Desk):
    desk.preparer.problem = StartProblem("This server cannot run it.")
    task, _lines = await desk.deploy(desk.bundle("a.R", "shiny"))
    assert task.code == 1
    assert desk.view.app_mode == "shiny"
    assert (await desk.directory.by_guid(desk.guid)).app_mode == "shiny"  # type: ignore[union-attr]
    desk.preparer.problem = None
    assert (await desk.deploy(desk.bundle()))[0].code == 0
    assert desk.view.app_mode == "python-streamlit"


async def test_of_two_kinds_at_once_the_first_to_serve_stays(desk: Desk):
    desk.runner.gate.clear()
    first = await desk.deployer.begin(desk.caller, desk.view, desk.bundle(), activate=True)
    second = await desk.deployer.begin(desk.caller, desk.view, desk.bundle("p.py", "python-panel"), activate=True)
    desk.runner.gate.set()
    codes = {(await desk.finished(one))[0].code for one in (first, second)}
    assert codes == {0, 1}
    served = desk.db.read_now(bundles.get, desk.view.id, desk.view.bundle_id or 0)
    assert desk.view.app_mode == served.app_mode


async def test_a_version_that_is_deleted_meanwhile_never_becomes_active(desk: Desk):
    good, gone = desk.bundle(), desk.bundle("two.py")
    await desk.deploy(good)
    desk.runner.gate.clear()
    task_id = await desk.deployer.begin(desk.caller, desk.view, gone, activate=True)
    await until(lambda: bool(desk.pool.progress(Place(desk.guid, gone))))
    await desk.db.write(bundles.remove, desk.view.id, gone)
    desk.runner.gate.set()
    task, _lines = await desk.finished(task_id)
    assert task.error == "This version was deleted while it was being deployed."
    assert desk.view.bundle_id == good


async def test_a_stop_of_the_server_marks_the_task(desk: Desk):
    desk.runner.gate.clear()
    task_id = await desk.deployer.begin(desk.caller, desk.view, desk.bundle(), activate=True)
    await asyncio.sleep(0)
    await desk.tasks.aclose()
    task, _lines = await desk.finished(task_id)
    assert task.code == 1
    assert "stopped" in task.error
    assert desk.view.bundle_id is None


async def test_what_serves_is_recorded_with_its_packages(desk: Desk):
    number = desk.bundle()
    await desk.deploy(number)
    (row,) = desk.db.read_now(packages.of_content, desk.view.id)
    assert (row.name, row.version, row.language_version, row.bundle_id) == ("streamlit", "1.67.0", "3.11.7", number)
    desk.preparer.managed = False
    await desk.deploy(desk.bundle("two.py"))
    assert desk.db.read_now(packages.of_content, desk.view.id) == []
    assert desk.db.read_now(content.by_guid, desk.guid).py_management is False


async def test_a_build_makes_the_environment_and_starts_nothing(desk: Desk):
    number = desk.bundle()
    task, lines = await desk.finished(await desk.deployer.build(desk.caller, desk.view, number))
    assert (task.code, lines[-1]) == (0, f"The environment of version {number} is ready.")
    assert desk.runner.started == []
    assert desk.view.bundle_id is None
    row = desk.db.read_now(bundles.get, desk.view.id, number)
    assert (row.environment_key, row.py_version) == ("key", "3.11.7")
    (job,) = desk.db.read_now(instances.listing, desk.view.id)
    assert (job.tag, job.exit_code) == ("python_restore", 0)
    with pytest.raises(ApiError) as caught:
        await desk.deployer.build(desk.caller, desk.view, None)
    assert caught.value.code == 28


async def test_a_version_that_is_fetched_first(desk: Desk):
    async def fetch(report: Any) -> int:
        report("Fetching.")
        return desk.bundle()

    task, lines = await desk.finished(await desk.deployer.begin_from(desk.caller, desk.view, fetch, activate=True))
    assert (task.code, lines[0]) == (0, "Fetching.")
    assert desk.view.bundle_id is not None
    tags = [job.tag for job in desk.db.read_now(instances.listing, desk.view.id)]
    assert tags == ["run_streamlit", "python_restore", "git"]

    async def fail(_report: Any) -> int:
        raise ApiError(400, 38, "There is no manifest.json.")

    task, lines = await desk.finished(await desk.deployer.begin_from(desk.caller, desk.view, fail, activate=True))
    assert (task.code, task.error) == (1, "There is no manifest.json.")
    job = desk.db.read_now(instances.listing, desk.view.id)[0]
    assert (job.tag, job.exit_code, job.error) == ("git", 1, "There is no manifest.json.")


async def test_static_files_are_served_without_a_process(desk: Desk):
    number = desk.site({"index.html": "<p>", "b.css": ""})
    task, lines = await desk.deploy(number)
    assert (task.code, lines[0]) == (0, "2 files; index.html is the page that opens.")
    row = desk.db.read_now(content.by_guid, desk.guid)
    assert (row.bundle_id, row.app_mode, row.py_version) == (number, "static", None)
    assert (desk.runner.started, desk.preparer.prepared) == ([], 0)
    task, lines = await desk.deploy(desk.site({"a.css": ""}))
    assert (task.code, task.error == lines[-1], "names no page" in task.error) == (1, True, True)
    assert desk.view.bundle_id == number
