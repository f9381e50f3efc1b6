"""One refresh from lease to commit: each end leaves the row as it must be, and says who has to act."""

import httpx
import pytest

from server.db.models import Integration
from server.vault.errors import IntegrationBroken, NeedsConsent, TryLater
from tests.unit.server.vault.house import House


async def asked(house: House, **terms) -> tuple[object, object]:
    """A connection whose access token is over, and what asking for a token brings: the token or the error."""
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin, **terms)
    await house.connected(alice, row)
    house.time.ahead += 3 * 3600
    return row, alice


async def renewed(house: House, row, alice) -> object:
    try:
        return (await house.vault.tokens.access_token(alice.id, row.id)).access_token.reveal()
    except (NeedsConsent, IntegrationBroken, TryLater) as error:
        return error


async def test_a_good_refresh_is_committed(house: House):
    row, alice = await asked(house)
    before = house.connection()
    assert str(await renewed(house, row, alice)).startswith("at-alice-")
    after = house.connection()
    assert (after.version, after.fence, after.lease_owner) == (before.version + 1, before.fence + 1, None)
    assert after.refreshed_time is not None
    assert "refresh_oauth_session" in await house.actions()


@pytest.mark.parametrize(
    ("reply", "error", "status", "marker", "action"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), NeedsConsent, "reauth_required", False,
         "end_oauth_session"),
        (httpx.Response(401, json={"error": "invalid_client"}), IntegrationBroken, "connected", False,
         "refuse_oauth_client"),
        (httpx.Response(503, headers={"retry-after": "7"}), TryLater, "connected", True, "fail_oauth_refresh"),
        (httpx.ReadError("cut"), TryLater, "connected", True, "fail_oauth_refresh"),
        (httpx.Response(200, text="<html>"), TryLater, "connected", True, "fail_oauth_refresh"),
    ],
)  # fmt: skip
async def test_each_failure_leaves_the_row_as_it_must_be(house: House, reply, error, status, marker, action):
    row, alice = await asked(house)
    house.provider.fault = lambda form: reply if form.get("grant_type") == "refresh_token" else None
    found = await renewed(house, row, alice)
    assert isinstance(found, error)
    kept = house.connection()
    assert (kept.status, kept.attempt_hash is not None, kept.lease_until) == (status, marker, None)
    assert (kept.sealed_refresh is None) is (status == "reauth_required")
    assert action in await house.actions()


async def test_a_client_that_does_not_open_is_the_administrators(house: House):
    row, alice = await asked(house)
    with house.change(Integration) as rows:
        rows[0].sealed_secrets = b"broken"
    found = await renewed(house, row, alice)
    assert isinstance(found, IntegrationBroken)
    assert (house.provider.refreshes, house.connection().lease_owner) == (0, None)
