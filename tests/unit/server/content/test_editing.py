"""A change of a content item, its audit event and the memory of it go together."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.content.editing import Editing
from server.web.errors import ApiError
from tests.unit.dashboard.rig import Rig, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = open_rig(tmp_path)
    yield made
    await made.aclose()


async def test_a_change_is_seen_and_recorded(rig: Rig) -> None:
    guid = await rig.content("pat")
    heard: list[str] = []
    rig.services.directory.when_changed(heard.append)
    editing = Editing(rig.services.db, rig.services.directory, rig.services.trail)
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    await editing.open_to(rig.people["pat"], view, "all")
    await editing.describe(rig.people["pat"], view, title="", description="d")
    changed = await rig.services.directory.by_guid(guid)
    assert changed is not None
    assert (changed.access_type, changed.title) == ("all", view.name)
    assert heard == [guid, guid]
    fields = [event.data["fields"] for event in await rig.events("edit_content")]
    assert fields == [["access_type"], ["description", "title"]]


async def test_open_to_all_needs_no_viewer_to_act_for(rig: Rig) -> None:
    guid = await rig.content("pat")
    await rig.associate(guid, await rig.integration("Warehouse"))
    editing = Editing(rig.services.db, rig.services.directory, rig.services.trail)
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    with pytest.raises(ApiError) as caught:
        await editing.open_to(rig.people["pat"], view, "all")
    assert (caught.value.status, caught.value.code) == (400, 237)
    await editing.open_to(rig.people["pat"], view, "logged_in")
    assert len(await rig.events("edit_content")) == 1
