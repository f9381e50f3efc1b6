"""Groups by API: shapes, paging, codes, and who may do what."""

import pytest

from tests.unit.server.groups.desk import Desk
from tests.unit.server.standing import UNKNOWN

GROUPS = "/v1/groups"


async def test_a_group_from_creation_to_deletion(desk: Desk):
    made = await desk.call("owner", "POST", GROUPS, {"name": "Friends", "unique_id": None})
    assert made.json == {
        "guid": made.json["guid"], "name": "Friends", "owner_guid": desk.who["owner"].guid, "member_count": 0,
    }  # fmt: skip
    one = f"{GROUPS}/{made.json['guid']}"
    assert (await desk.call("stranger", "GET", one)).json == made.json
    renamed = await desk.call("owner", "PATCH", one, {"name": "Fellows"})
    assert renamed.json == {**made.json, "name": "Fellows"}
    assert (await desk.call("owner", "PATCH", one, {})).json == renamed.json
    assert (await desk.call("owner", "DELETE", one)).status == 204
    assert (await desk.call("owner", "GET", one)).refusal == (404, 4)
    assert {e.action for e in await desk.standing.events("remove_group")} == {"remove_group"}


async def test_pages_have_three_keys_and_end(desk: Desk):
    for name in ("beta", "Alpha", "a_x", "abx"):
        await desk.made(name)

    async def names(query: str) -> tuple[list[str], int, int]:
        body = (await desk.call("stranger", "GET", f"{GROUPS}{query}")).json
        assert set(body) == {"results", "current_page", "total"}
        return [g["name"] for g in body["results"]], body["current_page"], body["total"]

    assert await names("") == (["a_x", "abx", "Alpha", "beta"], 1, 4)
    assert await names("?prefix=A_") == (["a_x"], 1, 1)
    assert await names("?prefix=%25") == ([], 1, 0)
    assert await names("?page_size=3&page_number=2") == (["beta"], 2, 4)
    assert await names("?page_size=100000") == (["a_x", "abx", "Alpha", "beta"], 1, 4)
    assert await names("?page_number=99") == ([], 99, 4)
    assert await names("?asc_order=false&page_size=1") == (["beta"], 1, 4)
    for bad in ("page_size=0", "page_number=0", "page_number=x", "asc_order=7", "prefix=%00"):
        assert (await desk.call("stranger", "GET", f"{GROUPS}?{bad}")).refusal == (400, 25)


async def test_members_come_in_the_order_they_were_added(desk: Desk):
    guid = await desk.made(members=("viewer", "editor", "admin"))
    path = f"{GROUPS}/{guid}/members"

    async def names(by: str, query: str = "") -> list[str]:
        body = (await desk.call(by, "GET", path + query)).json
        assert (set(body), body["total"]) == ({"results", "current_page", "total"}, 3)
        return [user["username"] for user in body["results"]]

    assert await names("owner") == ["viewer", "editor", "admin"]
    assert await names("owner", "?asc_order=false&page_size=2") == ["admin", "editor"]
    assert await names("owner", "?sort=user_role") == ["viewer", "editor", "admin"]
    assert await names("owner", "?sort=first_name") == ["admin", "editor", "viewer"]
    assert await names("viewer") == ["viewer", "editor", "admin"]
    assert (await desk.call("owner", "GET", path + "?sort=guid")).refusal == (400, 25)
    assert (await desk.add("owner", guid, "viewer")).refusal == (409, 16)
    assert (await desk.call("owner", "GET", f"{GROUPS}/{guid}")).json["member_count"] == 3


async def test_viewers_see_the_groups_they_are_in(desk: Desk):
    inside, outside = await desk.made("in", members=("viewer",)), await desk.made("out")
    assert [g["name"] for g in (await desk.call("viewer", "GET", GROUPS)).json["results"]] == ["in"]
    assert (await desk.call("viewer", "GET", f"{GROUPS}/{inside}")).status == 200
    unknown = await desk.call("viewer", "GET", f"{GROUPS}/{UNKNOWN}")
    hidden = await desk.call("viewer", "GET", f"{GROUPS}/{outside}")
    assert (hidden.status, hidden.body) == (unknown.status, unknown.body)
    assert (await desk.call("viewer", "GET", f"{GROUPS}/{outside}/members")).refusal == (404, 4)
    assert (await desk.call("viewer", "POST", GROUPS, {"name": "mine"})).refusal == (403, 22)
    assert (await desk.call("viewer", "PATCH", f"{GROUPS}/{inside}", {"name": "mine"})).refusal == (403, 22)


async def test_owners_and_administrators_change_a_group_others_do_not(desk: Desk):
    guid = await desk.made()
    one = f"{GROUPS}/{guid}"
    for method, path, body in (
        ("PATCH", one, {"name": "Others"}),
        ("DELETE", one, None),
        ("POST", f"{one}/members", {"user_guid": desk.who["stranger"].guid}),
    ):
        assert (await desk.call("stranger", method, path, body)).refusal == (403, 22)
    assert (await desk.add("admin", guid, "stranger")).status == 204
    assert (await desk.leave("editor", guid, "stranger")).refusal == (403, 22)
    assert (await desk.leave("stranger", guid, "stranger")).status == 204
    assert (await desk.leave("owner", guid, "stranger")).refusal == (404, 4)
    given = await desk.call("owner", "PATCH", one, {"owner_guid": desk.who["stranger"].guid.upper()})
    assert given.json["owner_guid"] == desk.who["stranger"].guid
    assert (await desk.call("owner", "DELETE", one)).refusal == (403, 22)
    assert (await desk.call("stranger", "DELETE", one)).status == 204


@pytest.mark.parametrize("name", ["", " a", "a ", "a\tb", "a\u200bb", "x" * 257, 7, None])
async def test_names_that_no_group_may_have(desk: Desk, name: object):
    refused = await desk.call("owner", "POST", GROUPS, {"name": name})
    assert refused.status == 400
    assert (await desk.call("owner", "GET", GROUPS)).json["total"] == 0


async def test_names_are_unique_however_they_are_written(desk: Desk):
    first, second = await desk.made("Sales, EU"), await desk.made("Other")
    assert (await desk.call("admin", "POST", GROUPS, {"name": "SALES, ＥＵ"})).refusal == (409, 15)
    assert (await desk.call("owner", "PATCH", f"{GROUPS}/{second}", {"name": "sales, eu"})).refusal == (409, 15)
    assert (await desk.call("owner", "PATCH", f"{GROUPS}/{first}", {"name": "SALES, EU"})).json["name"] == "SALES, EU"


@pytest.mark.parametrize("given", [None, 7, "nobody", UNKNOWN, UNKNOWN.replace("-", "") + "----"])
async def test_people_who_are_not_there(desk: Desk, given: object):
    guid = await desk.made()
    assert (await desk.call("owner", "POST", f"{GROUPS}/{guid}/members", {"user_guid": given})).refusal == (400, 9)
    assert (await desk.call("owner", "PATCH", f"{GROUPS}/{guid}", {"owner_guid": given})).refusal == (400, 9)
    viewer = {"owner_guid": desk.who["viewer"].guid}
    assert (await desk.call("owner", "PATCH", f"{GROUPS}/{guid}", viewer)).refusal == (400, 9)
    assert (await desk.call("owner", "POST", GROUPS, {"name": "x", "unique_id": "y"})).refusal == (400, 25)
