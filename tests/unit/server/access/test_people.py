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
