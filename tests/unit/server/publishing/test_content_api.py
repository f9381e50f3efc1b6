"""Content records by API: what each caller is shown, who may change what, and what a deletion takes along."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.bundles.shelf import Shelf
from server.content import store as content
from server.db.engine import Database
from server.instances.live import Place
from server.publishing.content_api import ContentApi
from tests.unit.server.instances.rig import until
from tests.unit.server.standing import UNKNOWN, Standing, open_standing

ORIGIN = "http://localhost:3939"
ONE = "/v1/content/{guid}"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        shelf = Shelf(tmp_path / "bundles", 1024)
        api = ContentApi(db, made.directory, made.guard, made.trail, shelf, made.pool, ORIGIN)
        made.routes = api.routes()
        yield made


async def test_what_each_caller_is_shown(desk: Standing):
    content_py = {"py_version": "3.11.7", "bundle_id": desk.bundle()}
    desk.db.write_now(content.change, desk.guid, content_py)
    found = {name: await desk.call(name, "GET", ONE) for name in desk.who}
    assert {name: a.status for name, a in found.items()} == {
        "owner": 200, "editor": 200, "viewer": 200, "stranger": 404, "admin": 200, "app": 200,
    }  # fmt: skip
    roles = {name: found[name].json["app_role"] for name in ("owner", "editor", "viewer")}
    assert roles == {"owner": "owner", "editor": "editor", "viewer": "viewer"}
    assert found["owner"].json["py_version"] == "3.11.7"
    assert found["viewer"].json["py_version"] is None
    assert found["owner"].json["content_url"] == f"{ORIGIN}/content/{desk.guid}/"
    with_owner = (await desk.call("viewer", "GET", f"{ONE}?include=owner")).json
    assert with_owner["owner"]["username"] == "ann"
    assert (await desk.call("owner", "GET", f"{ONE}?include=secrets")).refusal == (400, 161)


async def test_lists_hold_what_the_caller_may_open(desk: Standing):
    other = desk.db.write_now(lambda s: content.add(s, desk.who["stranger"].user_id, {"title": "Rainfall"})).guid

    async def listed(name: str, query: str = "") -> set[str]:
        return {row["guid"] for row in (await desk.call(name, "GET", f"/v1/content{query}")).json}

    assert await listed("admin") == {desk.guid, other}
    assert await listed("viewer") == {desk.guid}
    assert await listed("stranger") == {other}
    desk.db.write_now(content.change, other, {"access_type": "all"})
    assert await listed("owner") == {desk.guid, other}
    assert await listed("app") == {desk.guid}
    assert await listed("owner", "?name=app") == {desk.guid}
    found = (await desk.call("viewer", "GET", "/v1/search/content?q=rainf&page_size=1")).json
    assert ([r["guid"] for r in found["results"]], found["total"], found["current_page"]) == ([other], 1, 1)
    assert (await desk.call("viewer", "GET", "/v1/search/content?page_size=1&page_number=2")).json["total"] == 2
    assert (await desk.call("app", "GET", "/v1/search/content")).status == 403


async def test_made_by_publishers(desk: Standing):
    made = await desk.call("stranger", "POST", "/v1/content", {"name": "new-app", "title": "T"})
    assert (made.status, made.json["owner_guid"]) == (200, desk.who["stranger"].guid)
    assert (made.json["access_type"], made.json["bundle_id"], made.json["app_role"]) == ("acl", None, "owner")
    assert (await desk.call("stranger", "POST", "/v1/content", {"name": "new-app"})).refusal == (409, 26)
    assert (await desk.call("stranger", "POST", "/v1/content", {"name": "!"})).refusal == (400, 5)
    assert (await desk.call("viewer", "POST", "/v1/content", {"name": "other"})).status == 403


async def test_a_change_counts_at_once_and_ownership_is_the_owners_to_give(desk: Standing):
    assert (await desk.call("viewer", "GET", ONE)).status == 200
    assert (await desk.call("editor", "PATCH", ONE, {"title": "New", "access_type": "all"})).json["title"] == "New"
    assert (await desk.call("stranger", "GET", ONE)).status == 200
    give = {"owner_guid": desk.who["stranger"].guid}
    assert (await desk.call("editor", "PATCH", ONE, give)).refusal == (403, 22)
    assert (await desk.call("owner", "PATCH", ONE, {"owner_guid": UNKNOWN})).refusal == (400, 156)
    assert (await desk.call("owner", "PATCH", ONE, {"locked": True})).status == 403
    assert (await desk.call("owner", "PATCH", ONE, {})).json["title"] == "New"
    assert (await desk.call("owner", "PATCH", ONE, give)).json["owner_guid"] == give["owner_guid"]
    assert (await desk.call("stranger", "PATCH", ONE, {"title": "Mine"})).status == 200


async def test_a_deletion_stops_the_app(desk: Standing):
    number = desk.bundle()
    live = await desk.pool.acquire(desk.view, Place(desk.guid, number))
    for name, status in (("viewer", 403), ("stranger", 404), ("app", 403), ("editor", 204)):
        assert (await desk.call(name, "DELETE", ONE)).status == status
    assert (await desk.call("admin", "GET", ONE)).refusal == (404, 4)
    assert desk.pool.find(desk.guid) == []
    await until(lambda: live.link.closed)  # type: ignore[attr-defined]
    (event,) = await desk.events("remove_content")
    assert event.data["name"] == "app"
