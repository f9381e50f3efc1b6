"""People by API: lists, fields, and who may change what (security.md S-05, S-08, S-09, S-12)."""

import json
from dataclasses import replace

import pytest

from server.accounts import store
from server.web.caller import Caller
from tests.unit.server.accounts.people import USER, People


@pytest.mark.parametrize("role", ["publisher", "viewer"])
async def test_nobody_gives_herself_a_role_or_changes_others(people: People, role: str):
    me, admin = people.callers[role], people.callers["administrator"]
    assert (await people.call(me, "PUT", USER, {"user_role": "administrator"}, guid=me.guid))[0] == 403
    assert (await people.call(me, "PUT", USER, {"first_name": "x"}, guid=admin.guid))[0] == 404
    assert (await people.call(me, "POST", "/v1/users", {"username": "new"}))[0] == 403
    assert (await people.call(me, "POST", "/v1/users/{guid}/lock", {"locked": True}, guid=admin.guid))[0] == 403
    status, shown = await people.call(
        me, "PUT", USER, {"first_name": "New", "guid": "x", "role": "administrator", "locked": True}, guid=me.guid
    )
    assert (status, shown["first_name"], shown["user_role"], shown["locked"]) == (200, "New", role, False)
    assert people.role_of(me) == role


async def test_a_new_password_ends_every_session(people: People):
    me = replace(people.callers["viewer"], via="session")
    assert (await people.call(me, "PUT", USER, {"password": "short"}, guid=me.guid))[0] == 400
    assert people.ended == []
    status, shown = await people.call(me, "PUT", USER, {"password": "long enough"}, guid=me.guid)
    assert status == 200
    assert "password" not in json.dumps(shown)
    assert people.ended == [f"viewer:{me.guid}"]
    assert await people.passwords.verify(people.db.read_now(store.by_guid, me.guid).password_hash, "long enough")


async def test_a_key_sets_no_password_but_an_administrators(people: People):
    admin, publisher = people.callers["administrator"], people.callers["publisher"]
    password = {"password": "long enough"}
    for key in (replace(admin, role="viewer"), publisher):
        assert (await people.call(key, "PUT", USER, password, guid=key.guid))[0] == 403
        assert people.db.read_now(store.by_guid, key.guid).password_hash is None
    assert people.ended == []
    assert (await people.call(admin, "PUT", USER, password, guid=publisher.guid))[0] == 200


async def test_viewers_see_names_but_not_addresses(people: People):
    me, admin = people.callers["viewer"], people.callers["administrator"]
    people.db.write_now(store.change_user, admin.guid, {"email": "root@example.org"})
    assert (await people.call(me, "GET", USER, guid=admin.guid))[1]["email"] == ""
    assert (await people.call(people.callers["publisher"], "GET", USER, guid=admin.guid))[1]["email"] != ""


PEOPLE = "/v1/users"


async def test_an_account_with_every_field(people: People):
    admin = people.callers["administrator"]
    given = {
        "username": "Zoë", "password": "long enough", "user_must_set_password": True, "email": "z@example.org",
        "first_name": "Zoë", "last_name": "Ø", "user_role": "viewer", "unique_id": "okta-1",
    }  # fmt: skip
    status, made = await people.call(admin, "POST", PEOPLE, given)
    assert status == 200
    shown = {k: v for k, v in given.items() if k not in ("password", "user_must_set_password", "unique_id")}
    assert made.items() >= shown.items()
    assert (made["external_id"], made["locked"], made["confirmed"]) == ("okta-1", False, True)
    row = people.db.read_now(store.by_guid, made["guid"])
    assert row.must_set_password
    assert await people.passwords.verify(row.password_hash, "long enough")
    assert (await people.call(admin, "GET", USER, guid=made["guid"])) == (200, made)
    assert "external_id" not in (await people.call(people.callers["publisher"], "GET", USER, guid=made["guid"]))[1]
    assert (await people.call(admin, "POST", PEOPLE, {"username": "zo", "external_id": "okta-1"})) == (409, 8)


async def test_an_account_with_only_a_name(people: People):
    admin = people.callers["administrator"]
    nothing = {"user_role": None, "unique_id": None, "password": None, "email": None}
    _status, made = await people.call(admin, "POST", PEOPLE, {"username": "new", **nothing})
    assert (made["user_role"], made["email"], made["first_name"]) == ("publisher", "", "")
    for bad in ({}, {"username": "a b"}, {"username": "x", "password": ""}, {"username": "x", "user_role": "root"}):
        assert (await people.call(admin, "POST", PEOPLE, bad))[0] == 400
    assert (await people.call(admin, "GET", PEOPLE))[1]["total"] == 4


async def test_what_is_not_sent_stays(people: People):
    admin = people.callers["administrator"]
    _status, made = await people.call(admin, "POST", PEOPLE, {"username": "new", "first_name": "N", "email": "n@x"})
    _status, changed = await people.call(admin, "PUT", USER, {"username": "newer", "last_name": "L"}, guid=made["guid"])
    same = ("guid", "email", "first_name", "user_role", "created_time", "active_time", "locked")
    assert {name: changed[name] for name in same} == {name: made[name] for name in same}
    assert (changed["username"], changed["last_name"]) == ("newer", "L")
    nothing = dict.fromkeys(("username", "email", "first_name", "user_role", "password"))
    _status, unchanged = await people.call(admin, "PUT", USER, nothing, guid=made["guid"])
    assert {**unchanged, "updated_time": ""} == {**changed, "updated_time": ""}
    assert (await people.call(admin, "PUT", USER, {"username": "A-VIEWER"}, guid=made["guid"])) == (409, 8)
    me = people.callers["publisher"]
    assert (await people.call(me, "PUT", USER, {"username": "other"}, guid=me.guid)) == (403, 22)


async def test_a_lock_moves_nothing_but_itself(people: People):
    admin, viewer = people.callers["administrator"], people.callers["viewer"]
    _status, before = await people.call(admin, "GET", USER, guid=viewer.guid)
    _status, locked = await people.call(admin, "POST", "/v1/users/{guid}/lock", {"locked": True}, guid=viewer.guid)
    assert locked == {**before, "locked": True}
    await people.call(admin, "POST", "/v1/users/{guid}/lock", {"locked": False}, guid=viewer.guid)
    assert (await people.call(admin, "GET", USER, guid=viewer.guid))[1] == before
    assert people.ended == [f"viewer:{viewer.guid}"]


async def test_pages_and_filters(people: People):
    me = people.callers["publisher"]

    async def names(query: str) -> tuple[list[str], int, int]:
        body = (await people.call(me, "GET", PEOPLE, query=query))[1]
        assert body.keys() == {"results", "current_page", "total"}
        return [user["username"] for user in body["results"]], body["current_page"], body["total"]

    everybody = ["a-administrator", "a-publisher", "a-viewer"]
    assert await names("") == (everybody, 1, 3)
    assert await names("page_size=1&page_number=2") == (["a-publisher"], 2, 3)
    assert await names("page_size=1") == (["a-administrator"], 1, 3)
    assert await names("page_number=7&page_size=500") == ([], 7, 3)
    assert await names("asc_order=false&sort=username") == (everybody[::-1], 1, 3)
    assert await names("sort=user_role") == (everybody[::-1], 1, 3)
    assert await names("user_role=viewer|administrator") == (["a-administrator", "a-viewer"], 1, 2)
    assert await names("prefix=A-V&user_role=viewer") == (["a-viewer"], 1, 1)
    people.db.write_now(store.set_locked, people.callers["viewer"].guid, True)
    assert await names("account_status=locked") == (["a-viewer"], 1, 1)
    assert await names("account_status=inactive") == (["a-administrator", "a-publisher"], 1, 2)
    assert await names("account_status=licensed") == ([], 1, 0)
    assert await names("account_status=locked|inactive") == (everybody, 1, 3)
    for bad in ("user_role=root", "account_status=gone", "sort=email", "asc_order=up", "page_size=0", "prefix=%00"):
        assert (await people.call(me, "GET", PEOPLE, query=bad)) == (400, 25)


async def test_whoever_is_called_exactly_so_comes_first(people: People):
    for name, first in (("bo", ""), ("bob", ""), ("al", "Bo"), ("bobby", "")):
        people.db.write_now(lambda s, n=name, f=first: store.add_user(s, username=n, first_name=f))
    _status, body = await people.call(people.callers["viewer"], "GET", PEOPLE, query="prefix=BO")
    assert [user["username"] for user in body["results"]] == ["bo", "bob", "bobby", "al"]


async def test_no_directory_elsewhere_is_searched(people: People):
    empty = {"results": [], "current_page": 1, "total": 0}
    assert await people.call(people.callers["publisher"], "GET", f"{PEOPLE}/remote", query="prefix=a") == (200, empty)
    assert (await people.call(people.callers["viewer"], "GET", f"{PEOPLE}/remote"))[0] == 403
    assert (await people.call(people.callers["publisher"], "GET", f"{PEOPLE}/remote", query="limit=0"))[0] == 400


async def test_the_caller_has_the_rights_of_what_she_shows(people: People):
    admin = people.callers["administrator"]
    weak = replace(admin, role="viewer")
    _status, shown = await people.call(weak, "GET", "/me")
    assert (shown["user_role"], shown["preferences"]) == ("viewer", {})
    assert "add_users" not in shown["privileges"]
    _status, shown = await people.call(admin, "GET", "/me")
    assert {"add_users", "publish_apps", "view_apps"} <= set(shown["privileges"])
    _status, user = await people.call(admin, "GET", "/v1/user")
    assert shown.items() >= user.items()


async def test_an_app_that_acts_for_somebody_changes_nothing_of_her_account(people: People):
    me, admin = people.callers["viewer"], people.callers["administrator"]
    for who in (me, admin):
        app = replace(who, via="visitor", credential="visitor:1", content_guid="c")
        for change in ({"email": "root@example.org"}, {"first_name": "Root"}, {"password": "long enough"}):
            assert await people.call(app, "PUT", USER, change, guid=who.guid) == (403, 22)
    assert people.db.read_now(store.by_guid, me.guid).email != "root@example.org"


async def test_an_address_that_somebody_typed_herself_says_nothing_of_who_she_is(people: People):
    me, admin = people.callers["viewer"], people.callers["administrator"]

    async def saved(by: Caller, address: str) -> bool:
        assert (await people.call(by, "PUT", USER, {"email": address}, guid=me.guid))[0] == 200
        return people.db.read_now(store.by_guid, me.guid).email_own

    assert not await saved(admin, "me@example.org")
    assert not await saved(me, "me@example.org")
    assert await saved(me, "root@example.org")
    assert await saved(me, "root@example.org")
    assert not await saved(admin, "root@example.org")
    assert (await people.call(me, "PUT", USER, {"email_own": False, "email": "x@example.org"}, guid=me.guid))[0] == 200
    assert people.db.read_now(store.by_guid, me.guid).email_own
