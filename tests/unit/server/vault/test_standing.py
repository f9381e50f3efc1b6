"""Who is connected: a good standing is remembered, a missing one is looked up again, and changes are seen."""

import pytest

from server.vault.standing import Standing
from tests.unit.server.vault.house import House


@pytest.mark.parametrize(
    ("status", "fingerprint", "version", "good"),
    [("connected", "f", 1, True), ("reauth_required", "f", 1, False), ("connected", "e", 1, False)],
)
def test_what_is_good(status: str, fingerprint: str, version: int, good: bool):
    assert Standing(status, "", "f", 1).good_for(fingerprint, version) is good
    assert not Standing("connected", "", "f", 1).good_for("f", 2)


async def test_missing_is_looked_up_again_and_good_is_remembered(house: House, monkeypatch):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    standings, names = house.vault.standings, (alice.guid, row.guid)
    assert await standings.of(*names) is None
    guid = await house.connected(alice, row)
    found = await standings.of(*names)
    assert found is not None
    assert found.good_for(row.fingerprint, row.config_version)
    with monkeypatch.context() as patch:
        patch.setattr(house.db, "read", None)
        assert await standings.of(*names) == found
    assert await standings.of(admin.guid, row.guid) is None
    await house.vault.connections.disconnect(alice.caller, guid)
    assert await standings.of(*names) is None
