"""Versions by API: an upload counts when it is whole, the archive is for collaborators, the active one stays."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.bundles.api import BundlesApi
from server.bundles.shelf import Shelf
from server.content import store as content
from server.db.engine import Database
from tests.harness.publishing import bundle
from tests.unit.server.standing import Standing, open_standing

LIST = "/v1/content/{guid}/bundles"
DATA = bundle({"app.py": "print(1)"})


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.shelf = Shelf(tmp_path / "bundles", 10 * 1024 * 1024)  # type: ignore[attr-defined]
        made.routes = BundlesApi(db, made.shelf, made.guard, made.trail).routes()  # type: ignore[attr-defined]
        yield made


def folders(desk: Standing) -> list[str]:
    return [p.name for p in desk.shelf.root.iterdir() if p.name != "incoming"]  # type: ignore[attr-defined]


async def test_uploaded_listed_and_fetched_again(desk: Standing):
    made = await desk.call("editor", "POST", LIST, DATA)
    assert made.status == 200
    shown = made.json
    assert (shown["content_guid"], shown["active"], shown["size"]) == (desk.guid, False, len(DATA))
    assert shown["created_by"] == desk.who["editor"].guid
    assert len(shown["metadata"]["archive_md5"]) == 32
    one = f"{LIST}/{shown['id']}"
    assert (await desk.call("viewer", "GET", LIST)).json == [shown]
    assert (await desk.call("app", "GET", one)).json == shown
    assert await desk.statuses("GET", f"{one}/download") == {
        "owner": 200, "editor": 200, "admin": 200, "viewer": 403, "stranger": 404, "app": 403,
    }  # fmt: skip
    got = await desk.call("owner", "GET", f"{one}/download")
    assert got.body == DATA
    assert got.headers["content-disposition"].startswith("attachment")
    assert (got.headers["x-content-type-options"], got.headers["cache-control"]) == ("nosniff", "no-store")
    (event,) = await desk.events("add_bundle")
    assert str(event.data["bundle_id"]) == shown["id"]


async def test_who_may_not_upload_leaves_nothing(desk: Standing):
    for name, status in (("viewer", 403), ("stranger", 404), ("app", 403)):
        assert (await desk.call(name, "POST", LIST, DATA)).status == status
    assert (await desk.call("owner", "POST", LIST, b"not an archive")).refusal == (400, 135)
    desk.db.write_now(content.change, desk.guid, {"locked": True})
    desk.directory.forget(desk.guid)
    assert (await desk.call("owner", "POST", LIST, DATA)).refusal == (409, 222)
    assert folders(desk) == []
    assert (await desk.call("owner", "GET", LIST)).json == []


async def test_the_active_version_stays_and_others_go_with_their_files(desk: Standing):
    first, second = [(await desk.call("owner", "POST", LIST, DATA)).json["id"] for _ in range(2)]
    desk.db.write_now(content.change, desk.guid, {"bundle_id": int(first)})
    desk.directory.forget(desk.guid)
    assert [(b["id"], b["active"]) for b in (await desk.call("owner", "GET", LIST)).json] == [
        (second, False),
        (first, True),
    ]
    assert (await desk.call("owner", "DELETE", f"{LIST}/{first}")).refusal == (409, 75)
    assert len(folders(desk)) == 2
    assert (await desk.call("viewer", "DELETE", f"{LIST}/{second}")).status == 403
    assert (await desk.call("owner", "DELETE", f"{LIST}/{second}")).status == 204
    assert (await desk.call("owner", "GET", f"{LIST}/{second}")).refusal == (404, 4)
    assert len(folders(desk)) == 1
    assert (await desk.call("owner", "GET", f"{LIST}/x1")).refusal == (400, 3)
