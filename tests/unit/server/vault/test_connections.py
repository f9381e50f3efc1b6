"""Connections kept: one a person and integration, seen by their owner, ended everywhere at once."""

from dataclasses import replace

import pytest

from integrations.contract import Secret, TokenSet
from server.db.models import Connection
from server.vault.connections import Consented
from server.web.errors import ApiError
from tests.unit.server.vault.house import CANARY, House


async def consented(house: House, row, **terms) -> Consented:
    tokens = TokenSet(access_token=Secret("at"), refresh_token=Secret(f"{CANARY}-r"), **terms)
    client = house.integrations.client_config(row)
    return Consented(row.id, row.config_version, client, tokens, house.time(), "alice@a.org")


async def test_a_new_consent_takes_the_place_of_the_old(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    first = await house.vault.connections.save(alice.caller, await consented(house, row, expires_in=60))
    before = house.connection()
    other = replace(await consented(house, row), account="other@a.org")
    assert await house.vault.connections.save(alice.caller, other) == first
    after = house.connection()
    assert (after.version, after.fence) == (before.version + 1, before.fence + 1)
    (view,) = await house.vault.connections.of_user(alice.id)
    assert (view.account, view.status, view.has_refresh_token, view.user_name) == (
        "other@a.org", "connected", True, "alice",
    )  # fmt: skip
    assert CANARY not in repr(view)
    assert "change_oauth_account" in await house.actions()


async def test_a_consent_to_what_changed_meanwhile_is_not_kept(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    late = replace(await consented(house, row), config_version=row.config_version + 1)
    assert await house.vault.connections.save(alice.caller, late) is None
    assert house.rows(Connection) == []
    await house.vault.aclose()


async def test_scopes_that_were_not_granted_need_another_consent(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin, scopes="read write")
    await house.vault.connections.save(alice.caller, await consented(house, row, scopes=("read",)))
    kept = house.connection()
    assert (kept.status, kept.status_reason) == ("reauth_required", "missing_scopes: write")


async def test_whose_it_is_to_see_and_to_end(house: House):
    admin, alice, bob = [
        await house.person(name, role)
        for name, role in (("admin", "administrator"), ("alice", "viewer"), ("bob", "viewer"))
    ]
    row = await house.integration(admin)
    guid = await house.connected(alice, row)
    connections = house.vault.connections
    for act in (connections.get, connections.disconnect):
        with pytest.raises(ApiError) as caught:
            await act(bob.caller, guid)
        assert (caught.value.status, caught.value.code) == (404, 220)
    assert (await connections.get(admin.caller, guid)).user_guid == alice.guid
    assert await connections.of_user(bob.id) == []
    assert len(await connections.all()) == 1
    await connections.disconnect(admin.caller, guid)
    assert house.rows(Connection) == []
    await house.vault.aclose()
    assert len(house.provider.revoked()) == 1
