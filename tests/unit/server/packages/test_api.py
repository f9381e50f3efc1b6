"""Packages by API: what is served, over all content for administrators, and as a lock file for collaborators."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.content import store as content
from server.db.engine import Database
from server.packages import store
from server.packages.api import PackagesApi
from tests.unit.server.standing import Standing, open_standing

ALL = "/v1/packages"
MINE = "/v1/content/{guid}/packages"
LOCK = "/v1/content/{guid}/lockfile"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.routes = PackagesApi(db, made.guard).routes()
        yield made


def serve(desk: Standing, packages: dict[str, str]) -> int:
    number = desk.bundle()
    desk.db.write_now(store.record, desk.view.id, number, "3.11.7", packages)
    desk.db.write_now(content.change, desk.guid, {"bundle_id": number})
    desk.directory.forget(desk.guid)
    return number


async def test_what_was_never_deployed_has_none(desk: Standing):
    assert (await desk.call("owner", "GET", MINE)).status == 204
    refused = await desk.call("owner", "GET", LOCK)
    assert refused.refusal == (404, 4)
    assert "no lockfile" in refused.json["error"]
    assert (await desk.call("admin", "GET", ALL)).json == {"results": [], "current_page": 1, "total": 0}


async def test_what_is_served_is_listed_by_name(desk: Standing):
    number = serve(desk, {"numpy": "2.1.0", "flask": "3.0.3"})
    shown = (await desk.call("viewer", "GET", MINE)).json
    assert shown == [
        {"language": "python", "language_version": "3.11.7", "name": "flask", "version": "3.0.3", "hash": None},
        {"language": "python", "language_version": "3.11.7", "name": "numpy", "version": "2.1.0", "hash": None},
    ]
    everywhere = (await desk.call("admin", "GET", f"{ALL}?page_size=1000000")).json
    mine = str(desk.view.id)
    more = {"bundle_id": str(number), "app_id": mine, "app_guid": desk.guid, "content_id": mine}
    assert everywhere == {
        "results": [one | more | {"content_guid": desk.guid} for one in shown], "current_page": 1, "total": 2,
    }  # fmt: skip
    serve(desk, {})
    assert (await desk.call("viewer", "GET", MINE)).json == []
    assert (await desk.call("owner", "GET", LOCK)).refusal == (404, 4)


async def test_the_lock_file_pins_what_runs(desk: Standing):
    serve(desk, {"numpy": "2.1.0", "flask": "3.0.3"})
    found = await desk.call("editor", "GET", LOCK)
    assert found.headers["content-type"].startswith("text/plain")
    # posit-sdk looks for this, rsconnect takes what follows "python=".
    assert re.search(r"python=(\d+\.\d+\.\d+)", found.headers["generated-by"])
    assert found.body.decode().splitlines()[1:] == ["flask==3.0.3", "numpy==2.1.0"]


async def test_who_may(desk: Standing):
    serve(desk, {"flask": "3.0.3"})
    assert await desk.statuses("GET", MINE) == {
        "owner": 200, "editor": 200, "viewer": 200, "stranger": 404, "admin": 200, "app": 403,
    }  # fmt: skip
    assert await desk.statuses("GET", LOCK) == {
        "owner": 200, "editor": 200, "viewer": 403, "stranger": 404, "admin": 200, "app": 403,
    }  # fmt: skip
    assert set((await desk.statuses("GET", ALL)).items()) >= {("owner", 403), ("admin", 200)}


async def test_filters_and_refusals(desk: Standing):
    serve(desk, {"flask": "3.0.3", "numpy": "2.1.0"})
    for query, names in (
        ("name=flask", ["flask"]),
        ("language=r", []),
        ("asc_order=false", ["numpy", "flask"]),
        ("page_number=2&page_size=1", ["numpy"]),
        ("page_number=9", []),
    ):
        assert [one["name"] for one in (await desk.call("admin", "GET", f"{ALL}?{query}")).json["results"]] == names
    for query in ("language=perl", "asc_order=perhaps", "page_size=0", "page_number=x"):
        assert (await desk.call("admin", "GET", f"{ALL}?{query}")).refusal == (400, 25)
