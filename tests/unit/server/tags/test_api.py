"""Tags by API: administrators grow the tree, editors hang its leaves on content."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.db.engine import Database
from server.tags.api import TagsApi
from tests.unit.server.standing import Standing, open_standing

OF_CONTENT = "/v1/content/{guid}/tags"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.routes = TagsApi(db, made.guard, made.trail).routes()
        yield made


async def grown(desk: Standing) -> tuple[str, str]:
    """The ids of a category and of a tag below it."""
    category = (await desk.call("admin", "POST", "/v1/tags", {"name": "Team"})).json["id"]
    return category, (await desk.call("admin", "POST", "/v1/tags", {"name": "Sales", "parent_id": category})).json["id"]


async def test_the_tree_is_the_administrators(desk: Standing):
    category, tag = await grown(desk)
    assert isinstance(tag, str)
    everybody = {"owner": 200, "editor": 200, "viewer": 200, "stranger": 200, "admin": 200, "app": 403}
    nobody_else = {"owner": 403, "editor": 403, "viewer": 403, "stranger": 403, "app": 403}
    assert await desk.statuses("GET", "/v1/tags") == everybody
    assert await desk.statuses("GET", f"/v1/tags/{tag}") == everybody
    assert await desk.statuses("PATCH", f"/v1/tags/{tag}", {"name": "Sales!"}) == nobody_else | {"admin": 200}
    assert await desk.statuses("POST", "/v1/tags", {"name": "Sales!", "parent_id": category}) == nobody_else | {
        "admin": 409
    }
    assert await desk.statuses("DELETE", f"/v1/tags/{tag}") == nobody_else | {"admin": 204}
    assert (await desk.call("admin", "DELETE", f"/v1/tags/{tag}")).refusal == (404, 4)
    assert [e.data["tag"] for e in await desk.events("add_tag")] == ["Team", "Sales"]


async def test_filters_and_paths(desk: Standing):
    category, tag = await grown(desk)
    found = (await desk.call("viewer", "GET", f"/v1/tags?parent_id={category}")).json
    assert [(t["id"], t["parent_id"]) for t in found] == [(tag, category)]
    assert [t["name"] for t in (await desk.call("viewer", "GET", "/v1/tags?name=Team")).json] == ["Team"]
    assert (await desk.call("viewer", "GET", "/v1/tags?parent_id=4242")).json == []
    assert (await desk.call("viewer", "GET", "/v1/tags?parent_id=x")).refusal == (400, 25)
    assert (await desk.call("viewer", "GET", "/v1/tags/Team,Sales")).json["id"] == tag
    for nothing in ("Sales", "4242", "9" * 40):
        assert (await desk.call("viewer", "GET", f"/v1/tags/{nothing}")).refusal == (404, 4)


async def test_a_change_keeps_what_is_not_sent(desk: Standing):
    category, tag = await grown(desk)
    same = (await desk.call("admin", "PATCH", f"/v1/tags/{tag}", {})).json
    assert (same["name"], same["parent_id"]) == ("Sales", category)
    assert (await desk.call("admin", "PATCH", f"/v1/tags/{tag}", {"name": "S"})).json["parent_id"] == category
    free = (await desk.call("admin", "PATCH", f"/v1/tags/{tag}", {"parent_id": None})).json
    assert (free["name"], free["parent_id"]) == ("S", None)
    assert (await desk.call("admin", "PATCH", f"/v1/tags/{tag}", {"parent_id": tag})).refusal == (400, 157)
    assert (await desk.call("admin", "PATCH", f"/v1/tags/{tag}", {"name": "Team"})).refusal == (409, 81)
    assert (await desk.call("admin", "PATCH", f"/v1/tags/{tag}", {"parent_id": int(category)})).status == 200


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": " "}, {"name": 5}, {"name": "a\n"}, {"name": "x" * 256}, {"name": "a\0b"}]
)
async def test_what_is_no_name(desk: Standing, body: Any):
    assert (await desk.call("admin", "POST", "/v1/tags", body)).refusal == (400, 25)


async def test_who_may_tag_content(desk: Standing):
    category, tag = await grown(desk)
    reading = {"owner": 200, "editor": 200, "viewer": 200, "stranger": 404, "admin": 200, "app": 403}
    writing = {"owner": 200, "editor": 200, "viewer": 403, "stranger": 404, "admin": 200, "app": 403}
    assert await desk.statuses("POST", OF_CONTENT, {"tag_id": tag}) == writing
    assert [t["name"] for t in (await desk.call("viewer", "GET", OF_CONTENT)).json] == ["Sales"]
    assert await desk.statuses("GET", OF_CONTENT) == reading
    assert await desk.statuses("DELETE", f"{OF_CONTENT}/{category}") == writing
    assert (await desk.call("viewer", "GET", OF_CONTENT)).json == []
    assert (await desk.call("owner", "POST", OF_CONTENT, {"tag_id": category})).refusal == (400, 79)
    for nothing in ("4242", 4242.0, 0, "9" * 15):
        assert (await desk.call("owner", "POST", OF_CONTENT, {"tag_id": nothing})).refusal == (400, 158)
    for bad in ({}, {"tag_id": None}, {"tag_id": True}, {"tag_id": "x"}, {"tag_id": 1.5}):
        assert (await desk.call("owner", "POST", OF_CONTENT, bad)).refusal == (400, 25)
    assert (await desk.call("owner", "DELETE", f"{OF_CONTENT}/4242")).refusal == (404, 4)
