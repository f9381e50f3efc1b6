"""The page that reads older addresses is there for everybody, signed in or not."""

from tests.unit.dashboard.rig import Rig


async def test_older_addresses_are_for_anybody(rig: Rig) -> None:
    for path in ("/connect/", "/connect"):
        reply = await (await rig.browser()).get(path)
        assert reply.status_code == 200
        assert "/dashboard-static/hash.js" in reply.text
