"""The people of an item: the owner first, then the list; changes are recorded and forget what was remembered."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.access.people import ContentPeople, Suggested
from server.web.errors import ApiError
from tests.unit.dashboard.rig import Rig, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = open_rig(tmp_path)
    yield made
    await made.aclose()


async def test_listed_suggested_and_counted(rig: Rig) -> None:
    guid = await rig.content("pat")
    for name in ("alice", "bob"):
        await rig.person(name)
    people = ContentPeople(rig.services.db, rig.services.directory, rig.services.trail)
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    assert await people.add(rig.people["pat"], view, "Bob", "viewer") == "Bob Example"
    await people.add(rig.people["pat"], view, "bob", "viewer")  # again: no second entry
    seen = await people.of(view)
    assert [(one.username, one.role) for one in seen.listed] == [("pat", "creator"), ("bob", "viewer")]
    assert seen.suggested == (Suggested("alice", "Alice Example"),)
    assert seen.accounts == 3
    changed = await rig.services.directory.by_guid(guid)
    assert changed is not None
    assert changed.people == {rig.people["bob"].guid: "viewer"}
    number = seen.listed[1].number
    assert number is not None
    await people.remove(rig.people["pat"], view, number)
    with pytest.raises(ApiError) as caught:
        await people.remove(rig.people["pat"], view, number)
    assert caught.value.status == 404
    [event] = await rig.events("remove_permission")
    assert event.data == {"content_guid": guid, "user_guid": rig.people["bob"].guid}


async def test_nobody_and_the_impossible(rig: Rig) -> None:
    guid = await rig.content("pat")
    await rig.person("alice")
    people = ContentPeople(rig.services.db, rig.services.directory, rig.services.trail)
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    for username, role in (("nobody", "viewer"), ("pat", "viewer"), ("alice", "owner")):
        with pytest.raises(ApiError) as caught:
            await people.add(rig.people["pat"], view, username, role)
        assert caught.value.status == 400
    assert await rig.events("add_permission") == []


async def test_groups_stand_among_people(rig: Rig) -> None:
    guid = await rig.content("pat")
    await rig.person("alice")
    pat, groups = rig.people["pat"], rig.services.groups
    team, twin = await groups.create(pat, "Sales, Europe"), await groups.create(pat, "Alice")
    await groups.add_member(pat, team.guid, rig.people["alice"].guid)
    people = ContentPeople(rig.services.db, rig.services.directory, rig.services.trail)
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    assert [(s.username, s.name) for s in (await people.of(view)).suggested] == [
        ("group:Alice", "Group of 0 people"),
        ("Sales, Europe", "Group of one person"),
        ("alice", "Alice Example"),
    ]
    assert await people.add(pat, view, "sales, europe", "viewer") == "Everybody in Sales, Europe"
    assert await people.add(pat, view, "alice", "viewer") == "Alice Example"
    assert await people.add(pat, view, "group:alice", "owner") == "Everybody in Alice"
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    assert view.groups == {team.guid: "viewer", twin.guid: "owner"}
    listed = (await people.of(view)).listed
    assert [(one.kind, one.name, one.role, one.members) for one in listed[1:]] == [
        ("group", "Sales, Europe", "viewer", 1),
        ("user", "Alice Example", "viewer", 0),
        ("group", "Alice", "owner", 0),
    ]
    await people.remove(pat, view, listed[1].number or 0)
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    assert view.groups == {twin.guid: "owner"}
