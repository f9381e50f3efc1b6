"""Other scopes: what was added needs a new consent, what was taken out ends nothing, and what is put back mends."""

import pytest

from server.oauth.integrations import Draft
from server.vault.errors import NeedsConsent
from tests.unit.server.vault.house import House


async def test_added_scopes_ask_again_and_removed_ones_do_not(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    await house.connected(alice, row)
    await house.connected(alice, row, role="ANALYST")

    async def ask_for(scopes: str) -> None:
        draft = Draft(config={"scopes": scopes}, sent=frozenset({"config"}))
        await house.integrations.change(admin.caller, row.guid, draft)

    tokens = house.vault.tokens
    kept = (await tokens.access_token(alice.id, row.id)).access_token
    await house.vault.standings.of(alice.guid, row.guid)
    await ask_for("read write offline_access")
    with pytest.raises(NeedsConsent) as caught:
        await tokens.access_token(alice.id, row.id)
    assert caught.value.reason == "missing_scopes: write"
    standing = await house.vault.standings.of(alice.guid, row.guid)
    assert standing is not None
    assert standing.reason == "missing_scopes: write"
    for mended in ("read offline_access", "read"):
        await ask_for(mended)
        assert (await tokens.access_token(alice.id, row.id)).access_token == kept
    assert house.provider.requests == []
    assert "change_oauth_scopes" in await house.actions()


async def test_a_consent_that_was_partly_refused_stays_so(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin, scopes="read write")
    house.provider.scope = "read"
    await house.connected(alice, row)
    with house.change(type(house.connection())) as rows:
        rows[0].scopes, rows[0].status, rows[0].status_reason = "read", "reauth_required", "missing_scopes: write"
    for scopes, status in (("read write more", "reauth_required"), ("read write", "reauth_required"),
                           ("read", "connected")):  # fmt: skip
        draft = Draft(config={"scopes": scopes}, sent=frozenset({"config"}))
        await house.integrations.change(admin.caller, row.guid, draft)
        assert house.connection().status == status
