"""People, groups and what groups open, as the unmodified posit-sdk asks for them."""

from collections.abc import Iterator
from typing import Any

import pytest
from posit import connect
from posit.connect.errors import ClientError

from tests.harness.gateway import Gateway
from tests.harness.people import Someone, add_person, api_key


@pytest.fixture(scope="module")
def client(gateway: Gateway) -> Iterator[connect.Client]:
    with connect.Client(url=gateway.url, api_key=gateway.admin_key) as made:
        yield made


@pytest.fixture(scope="module")
def vera(gateway: Gateway) -> Someone:
    return add_person(gateway, "vera")


@pytest.fixture
def friends(client: connect.Client) -> Iterator[Any]:
    made = client.groups.create(name="Friends", unique_id=None)
    yield made
    if client.groups.find_one(prefix="Friends") is not None:
        made.delete()


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, int]:
    return error.value.http_status, error.value.error_code


def test_groups_from_creation_to_deletion(client: connect.Client, friends: Any):
    before = client.groups.count()
    second = client.groups.create(name="Fellows")
    assert client.groups.count() == before + 1 == len(client.groups.find())
    assert client.groups.get(friends["guid"]) == friends
    assert client.groups.find(prefix="f") == [second, friends]
    assert client.groups.find_one(prefix="frie") == friends
    assert friends["owner_guid"] == client.me["guid"]
    with pytest.raises(ClientError) as taken:
        client.groups.create(name="FRIENDS")
    assert refused(taken) == (409, 15)
    second.delete()
    with pytest.raises(ClientError) as gone:
        client.groups.get(second["guid"])
    assert refused(gone) == (404, 4)
    assert client.groups.find_one(prefix="Fell") is None


def test_members_in_the_order_they_were_added(client: connect.Client, friends: Any, vera: Someone, publisher: Someone):
    first, second = client.users.get(vera.guid), client.users.get(publisher.guid)
    assert friends.members.count() == 0
    friends.members.add(first)
    second.groups.add(friends["guid"])
    members = friends.members.find()
    assert [m["guid"] for m in members] == [first["guid"], second["guid"]]
    assert members[0] == first
    assert friends.members.count() == 2
    assert first.groups.find()[0]["guid"] == friends["guid"]
    friends.members.delete(user_guid=first["guid"])
    assert friends.members.find()[0] == second
    second.groups.delete(friends["guid"])
    assert friends.members.count() == 0
    with pytest.raises(ClientError) as nobody:
        friends.members.add(user_guid="046f9a7d-3c00-41db-9ac7-0d153f2edfdd")
    assert refused(nobody) == (400, 9)


def test_many_people_come_in_pages(client: connect.Client, friends: Any):
    people = [client.users.create(username=f"crowd-{number:02}", first_name="Zz") for number in range(25)]
    for person in people:
        friends.members.add(person)
    assert friends.members.find() == people
    assert client.users.find(prefix="crowd-") == people
    assert {u["user_role"] for u in client.users.find(user_role="administrator|publisher")} <= {
        "administrator",
        "publisher",
    }
    assert client.users.find_one(prefix="crowd-24") == people[24]
    people[3].lock()
    locked = client.users.find(account_status="locked", prefix="crowd-")
    assert locked == [{**people[3], "locked": True}]
    assert len(client.users.find(account_status="locked|inactive", prefix="crowd-")) == 25
    assert client.users.get(people[3]["guid"]) == {**people[3], "locked": True}


def test_a_group_opens_content_until_it_does_not(
    client: connect.Client, gateway: Gateway, friends: Any, running: str, vera: Someone
):
    item, key = client.content.get(running), api_key(gateway, vera)
    item.update(access_type="acl")
    friends.members.add(user_guid=vera.guid)

    def status() -> int:
        return gateway.visit(f"/content/{running}/", key=key).status_code

    assert status() == 403
    entry = item.permissions.create(friends, role="viewer")
    assert (entry["principal_type"], entry["principal_guid"]) == ("group", friends["guid"])
    assert item.permissions.find_one(principal_guid=friends["guid"]) == entry
    assert status() == 200
    with connect.Client(url=gateway.url, api_key=key) as hers:
        assert [c["guid"] for c in hers.content.find()] == [running]
        assert hers.groups.find() == [{**friends, "member_count": 1}]
        friends.members.delete(user_guid=vera.guid)
        assert status() == 403
        assert hers.content.find() == []
        assert hers.groups.find() == []
    friends.members.add(user_guid=vera.guid)
    assert status() == 200
    entry.update(role="owner")
    assert status() == 200
    item.permissions.destroy(friends)
    assert (item.permissions.find(), status()) == ([], 403)
    item.permissions.create(principal_guid=friends["guid"], principal_type="group", role="viewer")
    assert status() == 200
    friends.delete()
    assert (item.permissions.find(), status()) == ([], 403)


def test_keys_of_ones_own(gateway: Gateway, vera: Someone):
    key = api_key(gateway, vera)
    path = f"/v1/users/{vera.guid}/keys"
    made = gateway.api("POST", path, json={"name": "ci", "user_role": None, "expires_at": None}, key=key).json()
    one = gateway.api("GET", f"{path}/{made['id']}", key=key).json()
    assert one == {**made, "key": made["key"][:8] + "…"}
    assert gateway.api("POST", path, json={"name": "x", "user_role": "publisher"}, key=key).status_code == 403
    assert gateway.api("GET", path).status_code == 403
    assert gateway.api("DELETE", f"{path}/{made['id']}", key=key).status_code == 204
    assert gateway.api("GET", "/v1/user", key=made["key"]).status_code == 401


def test_the_server_says_that_it_has_groups(gateway: Gateway):
    assert gateway.api("GET", "/server_settings").json()["authentication"]["groups_enabled"] is True
    me = gateway.api("GET", "/me").json()
    assert (me["username"], me["user_role"]) == ("admin", "administrator")
    assert "add_users" in me["privileges"]
