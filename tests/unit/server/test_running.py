"""What a server does beside the requests: it tidies what an earlier one left, and ends in order."""

import asyncio
import logging
from pathlib import Path

import pytest

from server.db.models import Instance, Task
from server.running import Background, running
from tests.unit.dashboard.rig import Rig, open_rig


@pytest.fixture
async def rig(tmp_path: Path):
    made = open_rig(tmp_path)
    yield made
    await made.aclose()


async def test_what_an_earlier_server_left_is_closed(rig: Rig):
    s, guid = rig.services, await rig.content("ann")
    instance = await rig.run(guid, key="left")
    await s.db.write(lambda session: session.add(Task(id="t", user_guid="u")))
    for name in ("x", "stray"):
        (s.shelf.root / name).mkdir()
    (s.shelf.incoming / "half").write_text("")
    async with running(s, Background()):
        row = await s.db.read(lambda session: session.get(Instance, instance.id))
        assert (row.end_time is not None, row.error) == (True, "the server was restarted")
        task = await s.db.read(lambda session: session.get(Task, "t"))
        assert (task.finished, task.code) == (True, 1)
        assert "restarted" in task.error
        assert sorted(p.name for p in s.shelf.root.iterdir()) == ["incoming", "x"]
        assert list(s.shelf.incoming.iterdir()) == []


async def test_the_end_leaves_no_work_behind(rig: Rig):
    s, background = rig.services, Background()
    done: list[str] = []

    async def late() -> None:
        await asyncio.sleep(0.01)
        done.append("late")

    before = asyncio.all_tasks()
    async with running(s, background):
        names = {task.get_name() for task in asyncio.all_tasks() - before}
        assert {"sessions", "instances"} <= names
        background.spawn(late())
        s.trail.later(None, "test_event")
    assert done == ["late"]
    assert {task.get_name() for task in asyncio.all_tasks() - before} == set()
    assert len(await rig.events("test_event")) == 1


async def test_background_work_that_fails_is_logged_and_the_rest_goes_on(caplog):
    background, done = Background(), []

    async def fails() -> None:
        raise RuntimeError("broken")

    async def works() -> None:
        await asyncio.sleep(0)
        done.append(1)

    with caplog.at_level(logging.ERROR, "tabard"):
        background.spawn(fails())
        background.spawn(works())
        await background.aclose()
    assert done == [1]
    assert [r.getMessage() for r in caplog.records] == ["background work failed"]
