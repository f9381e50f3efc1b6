"""Runtime caches by API: listed by version, deleted by a task, except for what running apps use."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.caches.api import CachesApi
from server.db.engine import Database
from server.db.models import Bundle, Instance
from server.instances import store as instances
from server.tasks.tasks import Tasks
from tests.unit.server.standing import Standing, open_standing

PATH = "/v1/system/caches/runtime"
LOCAL = {"language": "python", "version": "3.11.7", "image_name": "Local"}


class Environments:
    """In place of the store on disk."""

    def __init__(self) -> None:
        self.held = [("a", "3.11.7"), ("b", "3.11.7"), ("c", "3.9.18")]

    def stored(self) -> list[tuple[str, str]]:
        return list(self.held)

    async def remove(self, key: str) -> None:
        self.held = [one for one in self.held if one[0] != key]


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.tasks, made.environments = Tasks(db), Environments()  # type: ignore[attr-defined]
        made.routes = CachesApi(db, made.environments, made.tasks, made.trail).routes()  # type: ignore[attr-defined]
        yield made
        await made.tasks.aclose()  # type: ignore[attr-defined]


async def ended(desk: Standing, task_id: str) -> list[str]:
    lines: list[str] = []
    async with asyncio.timeout(10):
        while True:
            found: Any = await desk.tasks.poll(task_id, len(lines), 1.0)  # type: ignore[attr-defined]
            lines += found[1]
            if found[0].finished:
                assert found[0].code == 0
                return lines


async def test_listed_newest_version_first(desk: Standing):
    shown = (await desk.call("admin", "GET", PATH)).json
    assert shown == {"caches": [LOCAL, LOCAL | {"version": "3.9.18"}]}
    assert set((await desk.statuses("GET", PATH)).values()) == {200, 403}


async def test_deleted_by_a_task_except_for_what_is_used(desk: Standing):
    number = desk.bundle()

    def use(session: Any) -> None:
        row = session.get(Bundle, number)
        row.environment_key = "b"
        session.add(row)
        instances.begin(session, Instance(key="k", content_id=row.content_id, bundle_id=number))

    desk.db.write_now(use)
    dry = await desk.call("admin", "DELETE", PATH, LOCAL | {"dry_run": True})
    assert dry.json == LOCAL | {"task_id": None}
    assert len(desk.environments.held) == 3  # type: ignore[attr-defined]
    # Recordings spell the language with a capital letter, and the answer echoes what was sent.
    gone = await desk.call("admin", "DELETE", PATH, LOCAL | {"language": "Python"})
    assert (gone.json["language"], gone.status) == ("Python", 200)
    lines = await ended(desk, gone.json["task_id"])
    assert any("1 stay(s)" in line for line in lines)
    assert desk.environments.held == [("b", "3.11.7"), ("c", "3.9.18")]  # type: ignore[attr-defined]
    (event,) = await desk.events("remove_cache")
    assert event.data == {"language": "python", "version": "3.11.7"}


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (LOCAL | {"version": "3.8.1"}, (404, 4)), (LOCAL | {"language": "R"}, (404, 4)),
        (LOCAL | {"image_name": "x"}, (404, 4)), ({}, (400, 25)), (LOCAL | {"version": None}, (400, 25)),
        (LOCAL | {"version": 3}, (400, 25)), (LOCAL | {"dry_run": "yes"}, (400, 25)), ([], (400, 87)),
    ],
)  # fmt: skip
async def test_what_is_not_there(desk: Standing, body: Any, refusal: tuple[int, int]):
    answer = await desk.call("admin", "DELETE", PATH, body)
    assert answer.refusal == refusal
    assert len(desk.environments.held) == 3  # type: ignore[attr-defined]
    if refusal[0] == 404:
        assert answer.json["error"] == "Cache does not exist"
