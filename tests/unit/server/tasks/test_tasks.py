"""Tasks: output in time, long polls, interruptions."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from server.db.engine import Database
from server.db.owner import new_owner
from server.tasks import tasks as module
from server.tasks.api import task_routes
from server.tasks.tasks import TaskFailed, Tasks
from server.web.caller import Caller
from server.web.errors import ApiError
from tests.unit.server.web.asking import asking

Report = Callable[[str], None]


class Work:
    """Work that a test steers."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.report: Report = lambda _line: None
        self.error: BaseException | None = None

    async def __call__(self, report: Report) -> dict[str, Any] | None:
        self.report = report
        await self.go.wait()
        if self.error:
            raise self.error
        return None


@pytest.fixture
async def tasks(db: Database) -> AsyncIterator[Tasks]:
    made = Tasks(db)
    yield made
    await made.aclose()


async def started(tasks: Tasks) -> tuple[str, Work]:
    work = Work()
    task_id = await tasks.start("ann", None, work)
    await asyncio.sleep(0)
    return task_id, work


async def ended(tasks: Tasks, task_id: str) -> tuple[Any, list[str], int]:
    lines: list[str] = []
    async with asyncio.timeout(20):
        while True:
            found = await tasks.poll(task_id, len(lines), 1.0)
            assert found is not None
            lines += found[1]
            if found[0].finished:
                return found[0], lines, len(lines)


async def test_a_poll_without_news_waits_and_with_news_does_not(tasks: Tasks):
    task_id, work = await started(tasks)
    begun = time.monotonic()
    assert await tasks.poll(task_id, 0, 0) is not None
    assert time.monotonic() - begun < 1
    waiting = asyncio.create_task(tasks.poll(task_id, 0, 20))
    await asyncio.sleep(0)
    work.report("news")
    found = await asyncio.wait_for(waiting, 5)
    assert found is not None
    assert (found[0].finished, found[1], found[2]) == (False, ["news"], 1)
    found = await tasks.poll(task_id, 1, 0.05)
    assert found is not None
    assert (found[1], found[2]) == ([], 1)
    work.go.set()


async def test_the_end_wakes_a_poll(tasks: Tasks):
    task_id, work = await started(tasks)
    waiting = asyncio.create_task(tasks.poll(task_id, 0, 20))
    await asyncio.sleep(0)
    work.go.set()
    found = await asyncio.wait_for(waiting, 5)
    assert found is not None
    assert (found[0].finished, found[0].code, found[0].error) == (True, 0, "")


async def test_every_line_is_seen_once_however_it_is_polled(tasks: Tasks):
    task_id, work = await started(tasks)
    seen: list[str] = []
    first = 0
    for number in range(50):
        work.report(f"line {number}")
        found = await tasks.poll(task_id, first, 0)
        assert found is not None
        seen += found[1]
        first = found[2]
    work.go.set()
    await ended(tasks, task_id)
    found = await tasks.poll(task_id, first, 0)
    assert found is not None
    assert seen + found[1] == [f"line {n}" for n in range(50)]
    assert (await ended(tasks, task_id))[1] == seen


@pytest.mark.parametrize(
    ("error", "words"),
    [(TaskFailed("No such package."), "No such package."), (RuntimeError("secret"), "Something went wrong")],
)
async def test_failures(tasks: Tasks, error: Exception, words: str, caplog: pytest.LogCaptureFixture):
    task_id, work = await started(tasks)
    work.error = error
    with caplog.at_level("CRITICAL"):
        work.go.set()
        row, lines, _last = await ended(tasks, task_id)
    assert row.code == 1
    assert row.error.startswith(words)
    assert "secret" not in row.error + "".join(lines)


async def test_a_stop_marks_what_ran(tasks: Tasks):
    task_id, work = await started(tasks)
    work.report("half")
    await tasks.aclose()
    row, lines, _last = await ended(tasks, task_id)
    assert (row.finished, row.code, row.error) == (True, 1, "The server stopped before this was done.")
    assert lines[0] == "half"


async def test_output_has_an_end(tasks: Tasks, monkeypatch):
    monkeypatch.setattr(module, "MOST_LINES", 5)
    task_id, work = await started(tasks)
    for _ in range(3):
        work.report("a\nb\nc\nd")
    work.report("")
    work.go.set()
    lines = (await ended(tasks, task_id))[1]
    assert lines[:5] == ["a", "b", "c", "d", "a"]
    assert lines[5:] == ["… output is cut here"]


async def test_a_task_is_its_starters_and_the_administrators(tasks: Tasks):
    task_id, work = await started(tasks)
    work.go.set()
    await ended(tasks, task_id)
    (route,) = task_routes(tasks).routes

    async def status(who: Caller, wanted: str) -> int:
        request = asking(target="/?wait=0", caller=who)
        request.scope["path_params"] = {"id": wanted}
        try:
            return (await route.endpoint(request, who)).status_code
        except ApiError as error:
            return error.status if error.code == 141 else 0

    def who(guid: str, role: str) -> Caller:
        return Caller(user_id=1, guid=guid, role=role, via="key")

    assert await status(who("ann", "publisher"), task_id) == 200
    assert await status(who("root", "administrator"), task_id) == 200
    assert await status(who("bob", "publisher"), task_id) == 404
    assert await status(who("ann", "publisher"), "unknown") == 404


async def test_what_was_settled_before_a_crash_is_done_and_the_rest_has_failed(tasks: Tasks, db: Database):
    gate = asyncio.Event()

    async def settled(_report: Any) -> None:
        await db.write(tasks.settlement())
        gate.set()
        await asyncio.Event().wait()

    async def unsettled(_report: Any) -> None:
        await asyncio.Event().wait()

    done, lost = await tasks.start("u", None, settled), await tasks.start("u", None, unsettled)
    await gate.wait()
    other = Tasks(db)
    await db.write(other.recover)
    first, second = await other.poll(done, 0, 0), await other.poll(lost, 0, 0)
    assert first is not None
    assert second is not None
    assert (first[0].finished, first[0].code, first[0].error) == (True, 0, "")
    assert (second[0].finished, second[0].code) == (True, 1)


async def test_what_another_gateway_does_goes_on_and_its_news_is_waited_for(db: Database, monkeypatch):
    monkeypatch.setattr("server.tasks.tasks.ELSEWHERE", 0.01)
    other, work = Tasks(db), Work()
    task_id = await other.start("u", None, work)
    db.owner = new_owner("elsewhere")
    here = Tasks(db)
    await db.write(here.recover)
    polling = asyncio.create_task(here.poll(task_id, 0, 20))
    await asyncio.sleep(0.05)
    assert not polling.done()
    nothing = await here.poll(task_id, 0, 0)
    assert nothing is not None
    assert (nothing[0].finished, nothing[1]) == (False, [])
    work.report("news")
    work.go.set()
    found = await polling
    assert found is not None
    assert found[1] == ["news"]
    await other.aclose()
