"""A second consent at a vendor that gives a refresh token once only: the one that is held counts on."""

from dataclasses import replace

import pytest

from integrations.contract import Secret, TokenSet
from server.vault.connections import Consented
from tests.unit.server.vault.house import House


async def consent(house: House, row, person, *, refresh: str | None, subject: str | None = "google 1", **config):
    client = replace(house.integrations.client_config(row), first_consent={"prompt": "consent"}, **config)
    held = None if refresh is None else Secret(refresh)
    tokens = TokenSet(access_token=Secret("at"), refresh_token=held, subject=subject)
    await house.vault.connections.save(
        person.caller, Consented(row.id, row.config_version, client, tokens, house.time(), "alice@a.org")
    )
    kept = house.connection()
    return kept, house.vault.connections._seals.refresh(kept)


@pytest.mark.parametrize(
    ("refresh", "subject", "kept"),
    [
        (None, "google 1", Secret("first")),
        ("second", "google 1", Secret("second")),
        (None, "google 2", None),
        (None, None, None),
    ],
)
async def test_the_held_refresh_token_counts_on_for_the_same_account(house: House, refresh, subject, kept):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    assert not await house.vault.connections.renews(alice.id, row, "")
    await consent(house, row, alice, refresh="first")
    assert await house.vault.connections.renews(alice.id, row, "")
    assert not await house.vault.connections.renews(alice.id, row, "ANALYST")
    assert (await consent(house, row, alice, refresh=refresh, subject=subject))[1] == kept
    await house.vault.aclose()


async def test_at_other_vendors_a_consent_without_a_refresh_token_keeps_none(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    await consent(house, row, alice, refresh="first")
    client = house.integrations.client_config(row)
    tokens = TokenSet(access_token=Secret("at"), subject="google 1")
    late = Consented(row.id, row.config_version, client, tokens, house.time(), None)
    await house.vault.connections.save(alice.caller, late)
    assert house.connection().sealed_refresh is None
    await house.vault.aclose()


async def test_a_connection_that_ended_holds_none(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    kept, _ = await consent(house, row, alice, refresh="first")
    with house.change(type(kept)) as rows:
        rows[0].status = "reauth_required"
    assert not await house.vault.connections.renews(alice.id, row, "")
    await house.vault.aclose()
