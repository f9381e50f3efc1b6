"""The role mapping: replaced whole, or not at all."""

import pytest

from server.db.models import AuditEvent
from server.minting.policy import Entry
from server.web.errors import ApiError
from tests.unit.server.minting.world import DEFAULT

NOBODY = "00000000-0000-0000-0000-000000000000"


async def test_it_is_read_as_it_was_written_and_the_ledger_tells_what_changed(world, house):
    team = await world.group("Team")
    wanted = [Entry("user", world.alice.guid, None, "AL"), Entry("group", team, ()), DEFAULT]
    await world.map(*wanted)
    lines = await world.minting.mapping.read(world.integration.guid)
    assert [line.entry for line in lines] == wanted
    assert [line.name for line in lines] == ["Alice", "Team", ""]
    await house.trail.aclose()
    event = [row for row in house.rows(AuditEvent) if row.action == "edit_role_mapping"][-1]
    assert event.actor == "admin"
    assert event.data["added"] == [f"user {world.alice.guid}: as others as AL", f"group {team}: none"]
    assert event.data["removed"] == []


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([Entry("user", NOBODY, ("A",))], 261),
        ([Entry("group", NOBODY, ("A",))], 262),
        ([DEFAULT, DEFAULT], 25),
        ([Entry("default", "", None)], 25),
        ([Entry("default", "", ("A",), "login")], 25),
        ([Entry("default", "", ("*",))], 25),
        ([Entry("default", "", ("a b",))], 25),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_changes(world, entries, code):
    with pytest.raises(ApiError) as refused:
        await world.map(*entries)
    assert (refused.value.status, refused.value.code) == (400, code)
    assert [line.entry for line in await world.minting.mapping.read(world.integration.guid)] == [DEFAULT]


async def test_any_role_needs_a_warehouse_that_lets_it(world):
    await world.configure(any_role_mode="ENABLE")
    await world.map(Entry("default", "", ("*",)))
    assert (await world.claims())["scp"] == ["session:role-any"]
    await world.configure(any_role_mode="DISABLE")
    assert (await world.exchange()).status_code == 403


async def test_others_have_no_mapping(world, house):
    other = await house.integration(world.admin)
    for call in (
        world.minting.mapping.read(other.guid),
        world.minting.mapping.replace(world.admin.caller, other.guid, []),
    ):
        with pytest.raises(ApiError) as refused:
            await call
        assert refused.value.status == 400
