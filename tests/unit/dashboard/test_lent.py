"""What a person lends is on her own page, and she takes it back there, even from content that is another's now."""

from sqlmodel import select

from server.db.models import Content
from tests.unit.dashboard.rig import Rig, notices


async def test_lent_and_taken_back(rig: Rig) -> None:
    guid, pat, alice = await rig.content("pat"), await rig.browser("pat"), await rig.browser("alice")
    integration = await rig.integration("Warehouse")
    await rig.associate(guid, integration)
    await rig.connect("pat", integration)
    assert "What you lend" not in (await pat.get("/connections")).text
    await pat.post(f"/apps/{guid}/sharing/loans/{integration}", {"viewers": "true", "days": "30"})
    assert "What you lend" in (await pat.get("/connections")).text
    assert "What you lend" not in (await alice.get("/connections")).text

    def give(session) -> None:
        row = session.exec(select(Content).where(Content.guid == guid)).one()
        row.owner_id = rig.people["alice"].user_id

    await rig.services.db.write(give)
    rig.services.directory.forget(guid)
    assert "Ended" in (await pat.get("/connections")).text
    at = f"/connections/lent/{guid}/{integration}/end"
    page = await alice.told(await alice.post(at))
    assert notices(page) == ["Note: You had taken that back already."]
    page = await pat.told(await pat.post(at))
    assert notices(page) == ["Done: Taken back. From now on everybody connects an account of their own."]
    assert "What you lend" not in page
    page = await pat.told(await pat.post(at))
    assert notices(page) == ["Note: You had taken that back already."]
