"""Who listens hears of each attempt, and a listener that fails stops nothing."""

import httpx
import pytest

from server.vault.errors import IntegrationBroken, NeedsConsent, TryLater
from server.vault.outcomes import Outcome, Outcomes
from tests.unit.server.vault.house import House


async def test_consents_refreshes_and_service_accounts_are_told_of(house: House):
    heard: list[Outcome] = []
    house.vault.outcomes.listen(heard.append)
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    service = await house.integration(admin, auth_type="Service Account")
    connection = await house.connected(alice, row)
    house.time.ahead = 3601
    await house.vault.tokens.access_token(alice.id, row.id)
    await house.vault.service.service_token(service.id)
    house.time.ahead += 3601
    house.provider.fault = lambda _: httpx.Response(503)
    with pytest.raises(TryLater):
        await house.vault.tokens.access_token(alice.id, row.id)
    house.time.ahead += 2
    house.provider.fault = lambda _: httpx.Response(401, json={"error": "invalid_client"})
    with pytest.raises(IntegrationBroken):
        await house.vault.service.service_token(service.id, anew=True)
    house.provider.fault = lambda _: httpx.Response(400, json={"error": "invalid_grant"})
    with pytest.raises(NeedsConsent):
        await house.vault.tokens.access_token(alice.id, row.id)
    assert [(o.integration_guid, o.connection_guid, o.kind, o.ok, o.code) for o in heard] == [
        (row.guid, connection, "consent", True, ""),
        (row.guid, connection, "refresh", True, ""),
        (service.guid, "", "service", True, ""),
        (row.guid, connection, "refresh", False, "server_error"),
        (service.guid, "", "service", False, "invalid_client"),
        (row.guid, connection, "refresh", False, "invalid_grant"),
    ]
    assert all(outcome.reason for outcome in heard if not outcome.ok)


def test_a_listener_that_fails_is_passed_over():
    outcomes, heard = Outcomes(), []

    def fails(_outcome: Outcome) -> None:
        raise ValueError

    outcomes.listen(fails)
    outcomes.listen(heard.append)
    outcomes.tell(Outcome("i", "c", "refresh", True))
    assert len(heard) == 1
