"""Stored tokens that do not open: each told once, with whom it concerns."""

from server.db.models import AuditEvent
from server.vault.damage import Damages
from tests.unit.server.vault.house import House


async def test_a_damaged_value_is_told_once(house: House):
    alice = await house.person("alice")
    integration = await house.integration(alice)
    guid = await house.connected(alice, integration)
    damages = Damages(house.db, house.trail)
    for version in (1, 1, 2):
        await damages.found(guid, version, "access")
    await damages.found("gone", 1, "access")
    await house.trail.aclose()
    rows = [row for row in house.rows(AuditEvent) if row.action == "damaged_oauth_session"]
    assert [(row.connection, row.subject, row.integration) for row in rows] == [
        (guid, alice.guid, integration.guid), (guid, alice.guid, integration.guid), ("gone", None, None),
    ]  # fmt: skip
