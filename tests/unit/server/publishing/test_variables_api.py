"""Environment variables by API: names come back, values never; a change takes the running app off the road."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.db.engine import Database
from server.instances.live import Place
from server.publishing.variables_api import VariablesApi
from tests.unit.server.standing import Standing, open_standing

PATH = "/v1/content/{guid}/environment"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.routes = VariablesApi(db, made.variables, made.guard, made.pool, made.trail).routes()
        yield made


async def test_merged_deleted_and_replaced(desk: Standing):
    first = await desk.call("editor", "PATCH", PATH, [{"name": "B", "value": "CANARY"}, {"name": "A", "value": "1"}])
    assert (first.status, first.json) == (200, ["A", "B"])
    merged = await desk.call("editor", "PATCH", PATH, [{"name": "A", "value": None}, {"name": "C", "value": ""}])
    assert merged.json == ["B", "C"]
    shown = await desk.call("owner", "GET", PATH)
    assert (shown.status, shown.json) == (200, ["B", "C"])
    assert await desk.variables.open(desk.view.id) == {"B": "CANARY", "C": ""}
    assert (await desk.call("owner", "PUT", PATH, [{"name": "D", "value": "2"}])).json == ["D"]
    assert (await desk.call("owner", "PUT", PATH, [])).json == []
    events = await desk.events("edit_variables")
    assert [event.data["names"] for event in events] == [["A", "B"], ["A", "C"], ["D"], []]
    assert "CANARY" not in repr([event.data for event in events])


async def test_a_change_recycles_the_app_and_nothing_else_does(desk: Standing):
    place = Place(desk.guid, desk.bundle())
    live = await desk.pool.acquire(desk.view, place)
    await desk.call("owner", "GET", PATH)
    await desk.call("owner", "PATCH", PATH, [])
    assert (await desk.call("owner", "PATCH", PATH, [{"name": "", "value": "x"}])).refusal == (400, 266)
    assert desk.pool.warm(place) is live
    await desk.call("owner", "PATCH", PATH, [{"name": "A", "value": "1"}])
    assert desk.pool.warm(place) is None
    assert (await desk.pool.acquire(desk.view, place)).key != live.key
    assert desk.runner.started[-1].variables["A"] == "1"


async def test_who_may(desk: Standing):
    everybody = {"owner": 200, "editor": 200, "admin": 200, "viewer": 403, "stranger": 404, "app": 403}
    assert await desk.statuses("GET", PATH) == everybody
    assert await desk.statuses("PATCH", PATH, []) == everybody
    assert await desk.statuses("PUT", PATH, []) == everybody


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"A": "1"}, (400, 25)), ([{"name": "1A", "value": "x"}], (400, 25)), ([{"name": "A", "value": 1}], (400, 25)),
        ([{"name": "A", "value": "x"}, {"name": "A", "value": "y"}], (400, 149)), ([{"value": "x"}], (400, 266)),
        ([{"name": "LD_PRELOAD", "value": "x"}], (400, 25)), ([{"name": "CONNECT_API_KEY", "value": "x"}], (400, 25)),
        ([{"name": "A", "value": "a\0b"}], (400, 25)),
    ],
)  # fmt: skip
async def test_what_is_no_variable(desk: Standing, body: Any, refusal: tuple[int, int]):
    assert (await desk.call("owner", "PATCH", PATH, body)).refusal == refusal
    assert (await desk.call("owner", "GET", PATH)).json == []
