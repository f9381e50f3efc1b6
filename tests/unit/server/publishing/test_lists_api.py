"""Lists, searches and bookmarks by API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.content import store as content
from server.db.engine import Database
from server.publishing.lists_api import ListsApi
from server.publishing.records import Records
from server.tags import store as tags
from tests.unit.server.standing import Standing, open_standing

SEARCH = "/v1/search/content"
MARK = "/v1/content/{guid}/bookmark"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.routes = ListsApi(db, made.guard, Records("http://localhost:3939")).routes()
        yield made


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
    assert await listed("owner", f"?owner_guid={desk.who['stranger'].guid}") == {other}
    found = (await desk.call("viewer", "GET", f"{SEARCH}?q=rainf&page_size=1&include=owner")).json
    assert set(found) == {"results", "total", "current_page"}
    assert ([r["guid"] for r in found["results"]], found["total"], found["current_page"]) == ([other], 1, 1)
    assert found["results"][0]["owner"]["username"] == "stranger"
    assert (await desk.call("viewer", "GET", f"{SEARCH}?page_size=1&page_number=2")).json["total"] == 2
    assert (await desk.call("viewer", "GET", f"{SEARCH}?page_number=99")).json["results"] == []
    assert (await desk.call("app", "GET", SEARCH)).status == 403


async def test_orders_and_what_is_none(desk: Standing):
    desk.db.write_now(lambda s: content.add(s, desk.who["owner"].user_id, {"name": "zebra"}))
    for query, first in (("sort=name", "app"), ("sort=name&order=desc", "zebra"), ("order=asc", "app"), ("", "zebra")):
        found = (await desk.call("owner", "GET", f"{SEARCH}?{query}")).json["results"]
        assert found[0]["name"] == first, query
    for query in ("sort=guid", "order=up", "page_number=0", "page_size=x", "sort=name;", "sort=", "order=ASC"):
        assert (await desk.call("owner", "GET", f"{SEARCH}?{query}")).refusal == (400, 25), query
    for path in (f"{SEARCH}?include=cats", "/v1/content?include=tags,cats", "/v1/content?include=tags,"):
        assert (await desk.call("owner", "GET", path)).refusal == (400, 161)


async def test_content_by_tag(desk: Standing):
    category = desk.db.write_now(tags.add, "Team", None).id or 0
    upper = desk.db.write_now(tags.add, "Sales", category).id or 0
    lower = desk.db.write_now(tags.add, "North", upper).id
    desk.db.write_now(tags.put_on, desk.view.id, lower)
    hidden = desk.db.write_now(lambda s: content.add(s, desk.who["stranger"].user_id, {}))
    desk.db.write_now(tags.put_on, hidden.id, upper)
    for tag in (category, upper, lower):
        assert [c["guid"] for c in (await desk.call("viewer", "GET", f"/v1/tags/{tag}/content")).json] == [desk.guid]
    assert len((await desk.call("admin", "GET", f"/v1/tags/{category}/content")).json) == 2
    assert (await desk.call("admin", "GET", "/v1/tags/4242/content")).refusal == (404, 4)


async def test_bookmarks_are_a_persons_own(desk: Standing):
    assert await desk.statuses("POST", MARK) == {
        "owner": 201, "editor": 201, "viewer": 201, "stranger": 404, "admin": 201, "app": 403,
    }  # fmt: skip
    assert set((await desk.call("viewer", "GET", MARK)).json) == {"created_time"}
    assert (await desk.call("viewer", "DELETE", MARK)).status == 204
    assert (await desk.call("viewer", "GET", MARK)).refusal == (404, 4)
    assert (await desk.call("owner", "GET", MARK)).status == 200
    for name, marked in (("viewer", False), ("owner", True)):
        assert (await desk.call(name, "GET", "/v1/content?include=bookmarked")).json[0]["bookmarked"] is marked
