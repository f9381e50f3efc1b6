"""The access list by API: who may read and change it, what an entry may say, and that changes count at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.access.api import AccessApi
from server.access.policy import may_edit, standing
from server.db.engine import Database
from server.groups import store as groups
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


async def test_an_entry_may_become_somebody_elses_who_has_none(desk: Standing):
    (editor, viewer) = (await desk.call("owner", "GET", LIST)).json
    one = f"{LIST}/{viewer['id']}"
    there = {"principal_guid": editor["principal_guid"], "role": "viewer"}
    assert (await desk.call("owner", "PUT", one, there)).refusal == (409, 154)
    other = {"principal_guid": desk.who["stranger"].guid, "role": "viewer"}
    assert (await desk.call("owner", "PUT", one, other)).json == {**viewer, **other}
    assert (await desk.call("viewer", "GET", LIST)).status == 404


async def test_a_group_is_let_in_and_out_as_a_person_is(desk: Standing):
    guid = desk.db.write_now(groups.add, "Friends", desk.owner.id).guid
    other = desk.db.write_now(groups.add, "Others", desk.owner.id).guid
    entry = {"principal_guid": guid, "principal_type": "group", "role": "owner", "send_email": False}
    made = await desk.call("owner", "POST", LIST, entry)
    assert made.json == {
        "id": made.json["id"], "content_guid": desk.guid, "principal_guid": guid, "principal_type": "group",
        "role": "owner",
    }  # fmt: skip
    assert (await desk.call("owner", "POST", LIST, {**entry, "role": "viewer"})).json["id"] == made.json["id"]
    view = await desk.directory.by_guid(desk.guid)
    assert view is not None
    assert view.groups == {guid: "viewer"}
    inside = replace(desk.who["stranger"], groups=frozenset({guid}))
    assert (standing(inside, view), standing(desk.who["stranger"], view)) == ("viewer", "none")
    second = (await desk.call("owner", "POST", LIST, {**entry, "principal_guid": other})).json["id"]
    assert (await desk.call("owner", "PUT", f"{LIST}/{second}", entry)).refusal == (409, 155)
    assert (await desk.call("owner", "DELETE", f"{LIST}/{made.json['id']}")).status == 204
    view = await desk.directory.by_guid(desk.guid)
    assert view is not None
    assert view.groups == {other: "owner"}
    (gone,) = await desk.events("remove_permission")
    assert gone.data == {"content_guid": desk.guid, "group_guid": guid}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"principal_type": "robot"}, (400, 152)),
        ({"principal_type": "group"}, (400, 153)),
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
