"""Deleting an integration says who would notice, and takes its typed name."""

from tests.unit.dashboard.rig import Rig, notices


async def test_the_consequence_and_the_typed_name(rig: Rig) -> None:
    guid = await rig.integration("Warehouse")
    for number in range(12):
        await rig.associate(await rig.content("pat", f"App {number:02}"), guid)
    await rig.connect("pat", guid)
    ada = await rig.browser("ada")
    page = (await ada.get(f"/integrations/{guid}/delete")).text
    assert "12 apps use this; 1 person will have to connect again." in page
    assert "App 00" in page
    assert "and 2 more" in page
    refused = await ada.post(f"/integrations/{guid}/delete", {"confirm": "warehouse"})
    assert refused.status_code == 400
    assert "Type Warehouse exactly, or keep it." in refused.text
    done = await ada.post(f"/integrations/{guid}/delete", {"confirm": " Warehouse "})
    assert notices(await ada.told(done)) == ["Done: Warehouse is deleted."]
    assert (await ada.get(f"/integrations/{guid}/delete")).status_code == 404
    assert await rig.services.integrations.all() == []


async def test_only_administrators(rig: Rig) -> None:
    guid = await rig.integration("Warehouse")
    pat = await rig.browser("pat", "publisher")
    assert (await pat.get(f"/integrations/{guid}/delete")).status_code == 403
    assert (await pat.post(f"/integrations/{guid}/delete", {"confirm": "Warehouse"})).status_code == 403
