"""Lists of content agree with the access policy, item by item, and know what failed."""

from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from server.access.policy import may_edit, may_view
from server.content import overview
from server.db.clock import now
from server.db.models import Instance, User
from server.web.caller import Caller
from tests.unit.dashboard.rig import Rig, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = open_rig(tmp_path)
    yield made
    await made.aclose()


async def items(rig: Rig, caller: Caller) -> tuple[overview.Item, ...]:
    found = await rig.services.db.read(overview.found, caller, "", 50)
    assert found.total == found.matching == len(found.items)
    return found.items


async def test_a_search_and_how_much_there_is_without_it(rig: Rig) -> None:
    for title in ("Sales", "Sales by region", "Churn"):
        await rig.content("pat", title, access="logged_in")
    await rig.content("pat", "Sales draft", deployed=False, access="logged_in")
    alice, pat = await rig.person("alice", "viewer"), rig.people["pat"]
    for caller, matching, total in ((alice, 2, 3), (pat, 3, 4)):
        found = await rig.services.db.read(overview.found, caller, "sales", 1)
        assert (len(found.items), found.matching, found.total) == (1, matching, total)


async def test_items_are_decided_as_the_policy_decides(rig: Rig) -> None:
    people = {
        name: await rig.person(name, role)
        for name, role in (("pat", "publisher"), ("kim", "publisher"), ("alice", "viewer"), ("ada", "administrator"))
    }
    for access, listed in product(("acl", "logged_in", "all"), (None, "viewer", "owner")):
        guid = await rig.content("pat", f"{access} {listed}", access=access)
        if listed:
            for name in ("kim", "alice"):
                await rig.put_on_list(guid, name, listed)
    for caller in people.values():
        found = {item.guid: item for item in await items(rig, caller)}
        for guid in rig.contents:
            view = await rig.services.directory.by_guid(guid)
            assert view is not None
            assert (guid in found) == (may_view(caller, view) or caller.has("administrator"))
            if guid in found:
                assert found[guid].open_to(caller) == may_view(caller, view), (caller.username, view.title)
                assert found[guid].editable_by(caller) == may_edit(caller, view), (caller.username, view.title)


async def test_only_the_serving_versions_newest_run_counts(rig: Rig) -> None:
    guid = await rig.content("pat")
    pat = rig.people["pat"]

    async def failed() -> bool:
        [item] = await items(rig, pat)
        return item.failed

    assert not await failed()
    await rig.run(guid, key="a", end_time=now(), exit_code=1, error="It ended.")
    assert await failed()
    await rig.run(guid, key="b", bundle_id=99)  # a draft of another version
    await rig.run(guid, key="c", tag="python_restore", end_time=now(), exit_code=0)
    assert await failed()
    await rig.run(guid, key="d")
    assert not await failed()


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({}, False),
        ({"error": "still running"}, False),
        ({"end_time": now(), "exit_code": 1}, False),  # stopped by us
        ({"end_time": now(), "exit_code": 1, "error": "x"}, True),
        ({"end_time": now(), "exit_code": -9, "error": "x"}, True),
        ({"end_time": now(), "error": "the server was restarted"}, False),
        ({"end_time": now(), "error": "did not start: StartFailed"}, True),
        ({"end_time": now(), "error": "did not start: CancelledError"}, False),
    ],
)
def test_what_counts_as_a_failure(terms: dict[str, object], says: bool) -> None:
    assert overview.failed(Instance(**{"key": "k", "content_id": 1} | terms)) is says


async def test_the_integration_that_acts_for_the_viewer(rig: Rig) -> None:
    guid = await rig.content("pat")
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    await rig.associate(guid, await rig.integration("Robot", service=True))
    assert await rig.services.db.read(overview.acts_as_viewer, view.id) is None
    [before] = await items(rig, rig.people["pat"])
    await rig.associate(guid, await rig.integration("Warehouse"))
    [after] = await items(rig, rig.people["pat"])
    assert (before.as_you, after.as_you) == (False, True)
    assert await rig.services.db.read(overview.acts_as_viewer, view.id) == "Warehouse"


async def test_details_of_what_was_never_deployed(rig: Rig) -> None:
    guid = await rig.content("pat", deployed=False)
    details = await rig.services.db.read(overview.details, guid)
    assert (details.deployed, details.bundle_id, details.bundle_size, details.python_version) == (None, None, 0, "")


def test_what_to_call_people() -> None:
    assert overview.name_of(User(guid="g", username="pat", username_key="pat")) == "pat"
    assert overview.name_of(User(guid="g", username="pat", username_key="pat", last_name="Raman")) == "Raman"
