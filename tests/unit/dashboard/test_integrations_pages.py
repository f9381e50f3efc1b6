"""Integrations are listed with how they fare, and a system to add is found by typing."""

import pytest

from server.vault.outcomes import Outcome
from tests.unit.dashboard.rig import Browser, Rig


@pytest.fixture
async def ada(rig: Rig) -> Browser:
    return await rig.browser("ada", "administrator")


async def test_the_list_counts_and_is_read_only_for_publishers(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    await rig.associate(await rig.content("pat"), guid)
    await rig.connect("pat", guid)
    page = (await ada.get("/integrations")).text
    assert "1 app<" in page
    assert "1 person<" in page
    assert f'href="/integrations/{guid}"' in page
    page = (await (await rig.browser("pat")).get("/integrations")).text
    assert "Warehouse" in page
    assert f'href="/integrations/{guid}"' not in page


async def test_administrators_see_how_each_fares(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    assert "Not used yet" in (await ada.get("/integrations")).text
    rig.services.health.recorder.note(Outcome(guid, "", "refresh", False, "invalid_client", "It refuses."))
    await rig.services.health.recorder.flush()
    page = (await ada.get("/integrations")).text
    assert "Broken" in page
    assert "It refuses." in page
    assert "Broken" not in (await (await rig.browser("pat", "publisher")).get("/integrations")).text


async def test_systems_are_grouped_and_found(ada: Browser) -> None:
    page = (await ada.get("/integrations/new")).text
    assert page.index("Data warehouses") < page.index("/integrations/new/snowflake") < page.index("Anything else")
    page = (await ada.get("/integrations/new?q=SNOW")).text
    assert "/integrations/new/snowflake" in page
    assert "/integrations/new/github" not in page
    page = (await ada.get("/integrations/new?q=mainframe")).text
    assert "No system here is called that" in page
    assert "/integrations/new/custom" in page
