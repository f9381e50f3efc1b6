"""Share links by API: who may make them, what they tell, and what cannot be."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.db.engine import Database
from server.links.api import LinksApi
from server.links.links import Links
from tests.unit.server.standing import UNKNOWN, Standing, open_standing

PATH = "/v1/content/{guid}/share_links"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        links = Links(db, made.trail, secure=False)
        made.routes = LinksApi(links, made.guard, "https://tabard.example.org").routes()
        yield made


async def test_made_listed_and_revoked(desk: Standing):
    made = (await desk.call("editor", "POST", PATH, {"name": "Board", "expires_time": "2027-01-31T00:00:00Z"})).json
    assert made["url"].startswith("https://tabard.example.org/__share__/")
    assert (made["name"], made["expires_time"], made["last_used_time"]) == ("Board", "2027-01-31T00:00:00Z", None)
    listed = await desk.call("owner", "GET", PATH)
    assert listed.json == [{key: value for key, value in made.items() if key != "url"}]
    assert made["url"].rpartition("/")[2] not in str([e.data for e in await desk.events("add_share_link")])
    assert (await desk.call("owner", "DELETE", f"{PATH}/{made['guid']}")).status == 204
    assert (await desk.call("owner", "DELETE", f"{PATH}/{made['guid']}")).status == 404
    assert [e.data["link"] for e in await desk.events("remove_share_link")] == [made["guid"]]


async def test_who_may(desk: Standing):
    editing = {"owner": 200, "editor": 200, "admin": 200, "viewer": 403, "stranger": 404, "app": 403}
    assert await desk.statuses("POST", PATH, {}) == editing
    assert await desk.statuses("GET", PATH) == editing
    gone = await desk.statuses("DELETE", f"{PATH}/{UNKNOWN}")
    assert gone == editing | {"owner": 404, "editor": 404, "admin": 404}


@pytest.mark.parametrize(
    "body",
    [{"expires_time": "2020-01-01T00:00:00Z"}, {"expires_time": "2099-01-01T00:00:00Z"}, {"expires_time": "soon"},
     {"name": 5}, {"name": "x" * 256}, {"name": "a\nb"}],
)  # fmt: skip
async def test_what_cannot_be(desk: Standing, body: dict[str, Any]):
    assert (await desk.call("owner", "POST", PATH, body)).refusal == (400, 25)
    assert (await desk.call("owner", "GET", PATH)).json == []
