"""Content records by API: what each caller is shown, who may change what, and what a deletion takes along."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.bundles.shelf import Shelf
from server.content import store as content
from server.db.engine import Database
from server.instances.live import Place
from server.publishing.content_api import ContentApi
from server.publishing.records import Records
from server.thumbnails.thumbnails import Thumbnails
from tests.unit.server.instances.rig import until
from tests.unit.server.standing import UNKNOWN, Standing, open_standing
from tests.unit.server.thumbnails.pictures import png

ORIGIN = "http://localhost:3939"
ONE = "/v1/content/{guid}"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        shelf, pictures = Shelf(tmp_path / "bundles", 1024), Thumbnails(db, tmp_path / "thumbnails", made.trail)
        api = ContentApi(
            db, made.directory, made.guard, made.trail, shelf,
            thumbnails=pictures, pool=made.pool, records=Records(ORIGIN),
        )  # fmt: skip
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


async def test_made_by_publishers(desk: Standing):
    made = await desk.call("stranger", "POST", "/v1/content", {"name": "new-app", "title": "T"})
    assert (made.status, made.json["owner_guid"]) == (200, desk.who["stranger"].guid)
    assert (made.json["access_type"], made.json["bundle_id"], made.json["app_role"]) == ("acl", None, "owner")
    assert (await desk.call("stranger", "POST", "/v1/content", {"name": "new-app"})).refusal == (409, 26)
    assert (await desk.call("stranger", "POST", "/v1/content", {"name": "!"})).refusal == (400, 5)
    assert (await desk.call("viewer", "POST", "/v1/content", {"name": "other"})).status == 403


async def test_a_change_counts_at_once_and_ownership_is_the_administrators_to_give(desk: Standing):
    assert (await desk.call("viewer", "GET", ONE)).status == 200
    assert (await desk.call("editor", "PATCH", ONE, {"title": "New", "access_type": "all"})).json["title"] == "New"
    assert (await desk.call("stranger", "GET", ONE)).status == 200
    give = {"owner_guid": desk.who["stranger"].guid}
    assert (await desk.call("editor", "PATCH", ONE, give)).refusal == (403, 22)
    assert (await desk.call("owner", "PATCH", ONE, give)).refusal == (403, 22)
    assert (await desk.call("owner", "PATCH", ONE, {"owner_guid": desk.who["owner"].guid})).status == 200
    assert (await desk.call("admin", "PATCH", ONE, {"owner_guid": UNKNOWN})).refusal == (400, 156)
    assert (await desk.call("owner", "PATCH", ONE, {"locked": True})).status == 403
    assert (await desk.call("owner", "PATCH", ONE, {})).json["title"] == "New"
    live = await desk.pool.acquire(desk.view, Place(desk.guid, desk.bundle()))
    assert (await desk.call("admin", "PATCH", ONE, give)).json["owner_guid"] == give["owner_guid"]
    assert desk.pool.find(desk.guid) == [], "what runs holds a key of the owner before"
    await until(lambda: live.link.closed)  # type: ignore[attr-defined]
    assert (await desk.call("stranger", "PATCH", ONE, {"title": "Mine"})).status == 200


async def test_processes_must_fit_each_other(desk: Standing):
    assert (await desk.call("owner", "PATCH", ONE, {"max_processes": 2})).json["max_processes"] == 2
    assert (await desk.call("owner", "PATCH", ONE, {"min_processes": 3})).refusal == (400, 25)
    assert (await desk.call("owner", "PATCH", ONE, {"min_processes": 3, "max_processes": None})).status == 200
    both = {"min_processes": 3, "max_processes": 2}
    assert (await desk.call("owner", "POST", "/v1/content", both)).refusal == (400, 25)


async def test_an_old_client_finds_content_by_its_number(desk: Standing):
    path = f"/applications/{desk.view.id}"
    assert await desk.statuses("GET", path) == {
        "owner": 200, "editor": 200, "viewer": 200, "stranger": 404, "admin": 200, "app": 403,
    }  # fmt: skip
    assert (await desk.call("viewer", "GET", path)).json["guid"] == desk.guid
    hidden, none = [(await desk.call("stranger", "GET", f"/applications/{n}")).json for n in (desk.view.id, 4242)]
    assert hidden == none
    assert (await desk.call("owner", "GET", "/applications/x")).refusal == (400, 3)


async def test_a_deletion_stops_the_app(desk: Standing, tmp_path: Path):
    pictures = Thumbnails(desk.db, tmp_path / "thumbnails", desk.trail)
    await pictures.put(desk.who["owner"], desk.view, png())
    number = desk.bundle()
    live = await desk.pool.acquire(desk.view, Place(desk.guid, number))
    for name, status in (("viewer", 403), ("stranger", 404), ("app", 403), ("editor", 204)):
        assert (await desk.call(name, "DELETE", ONE)).status == status
    assert (await desk.call("admin", "GET", ONE)).refusal == (404, 4)
    assert desk.pool.find(desk.guid) == []
    assert list((tmp_path / "thumbnails").iterdir()) == []
    await until(lambda: live.link.closed)  # type: ignore[attr-defined]
    (event,) = await desk.events("remove_content")
    assert event.data["name"] == "app"
