"""Counts and lists of who uses an integration."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.oauth import overview
from tests.unit.dashboard.rig import Rig, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = open_rig(tmp_path)
    yield made
    await made.aclose()


async def test_who_is_connected_and_which_apps_use_it(rig: Rig) -> None:
    warehouse, robot = await rig.integration("Warehouse"), await rig.integration("Robot", service=True)
    shared = await rig.content("pat", "shared", access="logged_in")
    private = await rig.content("pat", "Private")
    for guid in (shared, private):
        await rig.associate(guid, warehouse, robot)
    for name in ("alice", "bob"):
        await rig.person(name)
        await rig.connect(name, warehouse)
    row = await rig.services.integrations.get(warehouse)
    assert row.id is not None
    read = rig.services.db.read
    assert await read(overview.connected) == {row.id: 2}
    assert await read(overview.connected_to, row.id) == 2
    assert [app.title for app in await read(overview.apps, row.id)] == ["Private", "shared"]
    assert await read(overview.apps_open_to, rig.people["alice"]) == {warehouse: (overview.App(shared, "shared"),)}
    assert len((await read(overview.apps_open_to, rig.people["pat"]))[warehouse]) == 2
    await rig.put_on_list(private, "alice", "viewer")
    assert len((await read(overview.apps_open_to, rig.people["alice"]))[warehouse]) == 2
