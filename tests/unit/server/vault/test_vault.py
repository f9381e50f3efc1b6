"""The vault as one value: its parts share one memory of standings and one background."""

from server.db.models import Connection
from tests.unit.server.vault.house import House


async def test_a_stop_waits_for_what_its_parts_began(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    guid = await house.connected(alice, row)
    assert await house.vault.standings.of(alice.guid, row.guid) is not None
    await house.vault.connections.disconnect(alice.caller, guid)
    assert await house.vault.standings.of(alice.guid, row.guid) is None
    await house.vault.aclose()
    assert len(house.provider.revoked()) == 1
    assert house.rows(Connection) == []


async def test_two_vaults_over_one_database_are_two_holders(house: House, tmp_path):
    other = House(tmp_path, path=house.path, provider=house.provider)
    try:
        names = [v.tokens._renewal._leases._owner for v in (house.vault, other.vault)]
        assert len(set(names)) == 2
    finally:
        await other.aclose()
