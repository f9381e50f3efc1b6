"""Paths of content's own by API: whose they are, and who may take one away from other content."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.access import store as access
from server.content import store as content
from server.db.engine import Database
from server.vanity.api import VanityApi
from server.vanity.vanities import Vanities
from tests.unit.server.standing import Standing, open_standing

PATH = "/v1/content/{guid}/vanity"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.routes = VanityApi(db, Vanities(db, made.directory, made.trail), made.guard).routes()
        yield made


def other_of(desk: Standing, name: str) -> str:
    return desk.db.write_now(lambda s: content.add(s, desk.who[name].user_id, {})).guid


async def test_given_read_and_taken_away(desk: Standing):
    assert (await desk.call("owner", "GET", PATH)).refusal == (404, 4)
    made = await desk.call("editor", "PUT", PATH, {"path": "my-app"})
    assert (made.status, made.json["path"], made.json["content_guid"]) == (200, "/my-app/", desk.guid)
    assert (await desk.call("viewer", "GET", PATH)).json == made.json
    assert (await desk.call("admin", "GET", "/v1/vanities")).json == [made.json]
    assert (await desk.call("owner", "PUT", PATH, {"path": "/my-app/"})).json == made.json
    assert (await desk.call("owner", "DELETE", PATH)).status == 204
    assert (await desk.call("owner", "DELETE", PATH)).refusal == (404, 4)
    assert [e.data["path"] for e in await desk.events("set_vanity")] == ["/my-app/", "/my-app/"]


async def test_who_may(desk: Standing):
    writing = {"owner": 200, "editor": 200, "admin": 200, "viewer": 403, "stranger": 404, "app": 403}
    assert await desk.statuses("PUT", PATH, {"path": "x"}) == writing
    assert await desk.statuses("GET", PATH) == writing | {"viewer": 200}
    assert await desk.statuses("GET", "/v1/vanities") == dict.fromkeys(desk.who, 403) | {"admin": 200}
    assert (await desk.call("viewer", "DELETE", PATH)).status == 403
    assert (await desk.call("stranger", "DELETE", PATH)).status == 404


async def test_a_path_in_use_moves_by_force_for_those_who_may_change_both(desk: Standing):
    await desk.call("owner", "PUT", PATH, {"path": "x"})
    other = f"/v1/content/{other_of(desk, 'stranger')}/vanity"
    assert (await desk.call("stranger", "PUT", other, {"path": "X"})).refusal == (409, 51)
    assert (await desk.call("stranger", "PUT", other, {"path": "x", "force": True})).refusal == (403, 22)
    assert (await desk.call("stranger", "PUT", other, {"path": "x/y", "force": True})).refusal == (409, 51)
    desk.db.write_now(access.put, desk.view.id, desk.owner.guid, desk.who["stranger"].guid, "owner")
    desk.directory.forget(desk.guid)
    assert (await desk.call("stranger", "PUT", other, {"path": "x", "force": True})).status == 200
    assert (await desk.call("owner", "GET", PATH)).status == 404
    assert (await desk.call("admin", "PUT", PATH, {"path": "x", "force": True})).status == 200


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, (400, 25)), ({"path": None}, (400, 25)), ({"path": 5}, (400, 25)), ({"path": "/"}, (400, 52)),
        ({"path": "connect"}, (400, 52)), ({"path": "a b"}, (400, 52)), ({"path": "x", "force": "yes"}, (400, 25)),
    ],
)  # fmt: skip
async def test_what_is_no_path(desk: Standing, body: Any, refusal: tuple[int, int]):
    assert (await desk.call("owner", "PUT", PATH, body)).refusal == refusal
