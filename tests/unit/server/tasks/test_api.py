"""A task on the wire: state, output from a line on, and only for who started it and administrators."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.db.engine import Database
from server.tasks.api import task_routes
from server.tasks.tasks import TaskFailed, Tasks
from tests.unit.server.standing import Standing, open_standing


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.tasks = Tasks(db)  # type: ignore[attr-defined]
        made.routes = task_routes(made.tasks)  # type: ignore[attr-defined]
        yield made
        await made.tasks.aclose()  # type: ignore[attr-defined]


async def test_polled_to_its_end(desk: Standing):
    go = asyncio.Event()

    async def work(report) -> None:
        report("one\ntwo")
        await go.wait()
        report("three")
        raise TaskFailed("No such package.")

    number = await desk.tasks.start(desk.who["owner"].guid, None, work)  # type: ignore[attr-defined]
    path = f"/v1/tasks/{number}"
    first = (await desk.call("owner", "GET", f"{path}?wait=5")).json
    assert first == {
        "id": number, "output": ["one", "two"], "result": None, "finished": False, "code": 0, "error": "", "last": 2,
    }  # fmt: skip
    waiting = asyncio.create_task(desk.call("owner", "GET", f"{path}?first=2&wait=60"))
    go.set()
    assert (await asyncio.wait_for(waiting, 5)).json["output"][0] == "three"
    for _ in range(100):
        last = (await desk.call("owner", "GET", f"{path}?first=2&wait=1")).json
        if last["finished"]:
            break
    assert (last["code"], last["error"], last["output"][0]) == (1, "No such package.", "three")


async def test_whose_it_is(desk: Standing):
    async def work(_report) -> None:
        pass

    number = await desk.tasks.start(desk.who["owner"].guid, None, work)  # type: ignore[attr-defined]
    found = await desk.statuses("GET", f"/v1/tasks/{number}")
    assert found == {"owner": 200, "admin": 200, "editor": 404, "viewer": 404, "stranger": 404, "app": 403}
    foreign = await desk.call("editor", "GET", f"/v1/tasks/{number}")
    unknown = await desk.call("editor", "GET", "/v1/tasks/unknown")
    assert foreign.body == unknown.body
    assert foreign.refusal == (404, 141)
    desk.who["owner"] = replace(desk.who["owner"], guid="someone")
    assert (await desk.call("owner", "GET", f"/v1/tasks/{number}")).status == 404
    assert (await desk.call("admin", "GET", f"/v1/tasks/{number}?first=x")).refusal == (400, 25)
