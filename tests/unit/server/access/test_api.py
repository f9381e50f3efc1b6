"""The access list by API: who may read and change it, what an entry may say, and that changes count at once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.access.api import AccessApi
from server.access.policy import may_edit
from server.db.engine import Database
from tests.unit.server.standing import UNKNOWN, Standing, open_standing

LIST = "/v1/content/{guid}/permissions"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.routes = AccessApi(db, made.directory, made.guard, made.trail).routes()
        yield made


async def test_only_those_who_may_edit_see_the_list(desk: Standing):
    found = await desk.statuses("GET", LIST)
    assert found == {"owner": 200, "editor": 200, "admin": 200, "viewer": 403, "stranger": 404, "app": 403}
    listed = (await desk.call("owner", "GET", LIST)).json
    assert [(e["principal_guid"], e["role"]) for e in listed] == [
        (desk.who["editor"].guid, "owner"),
        (desk.who["viewer"].guid, "viewer"),
    ]
    assert listed[0].keys() == {"id", "content_guid", "principal_guid", "principal_type", "role"}
    assert (await desk.call("owner", "GET", f"{LIST}/{listed[1]['id']}")).json == listed[1]


async def test_an_entry_counts_at_once_and_so_does_its_end(desk: Standing):
    stranger = desk.who["stranger"]
    await desk.directory.by_guid(desk.guid)
    made = await desk.call("owner", "POST", LIST, {"principal_guid": stranger.guid.upper(), "role": "viewer"})
    assert (made.status, made.json["role"]) == (200, "viewer")
    one = f"{LIST}/{made.json['id']}"
    view = await desk.directory.by_guid(desk.guid)
    assert view is not None
    assert view.people[stranger.guid] == "viewer"
    raised = await desk.call("owner", "PUT", one, {"principal_guid": stranger.guid, "role": "owner"})
    assert (raised.json["id"], raised.json["role"]) == (made.json["id"], "owner")
    view = await desk.directory.by_guid(desk.guid)
    assert view is not None
    assert may_edit(stranger, view)
    assert (await desk.call("stranger", "DELETE", one)).status == 204
    assert (await desk.call("stranger", "GET", LIST)).status == 404
    assert (await desk.call("owner", "DELETE", one)).status == 404
    (event,) = await desk.events("add_permission")
    assert event.data["role"] == "viewer"


async def test_an_entry_stays_one_persons(desk: Standing):
    (_editor, viewer) = (await desk.call("owner", "GET", LIST)).json
    other = {"principal_guid": desk.who["stranger"].guid, "role": "viewer"}
    assert (await desk.call("owner", "PUT", f"{LIST}/{viewer['id']}", other)).refusal == (400, 25)
    assert len((await desk.call("owner", "GET", LIST)).json) == 2


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"principal_type": "group"}, (400, 152)),
        ({"principal_guid": UNKNOWN}, (400, 153)),
        ({"role": "root"}, (400, 25)),
        ({"principal_guid": "the owner"}, (400, 25)),
        ({"role": "owner"}, (400, 25)),
    ],
)
async def test_what_no_entry_may_say(desk: Standing, changes: dict[str, str], refusal: tuple[int, int]):
    body = {"principal_guid": desk.who["viewer"].guid, "role": "viewer"} | changes
    if changes.get("principal_guid") == "the owner":
        body["principal_guid"] = desk.owner.guid
    assert (await desk.call("admin", "POST", LIST, body)).refusal == refusal
    assert (await desk.call("viewer", "POST", LIST, body)).status == 403
    assert len((await desk.call("owner", "GET", LIST)).json) == 2
