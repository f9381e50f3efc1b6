"""Renewing a connection now, and who used it: found by one statement however many there are."""

import pytest

from server.vault.errors import NeedsConsent
from server.web.cursors import Keyset
from server.web.errors import ApiError
from tests.unit.server.vault.house import House


async def test_the_last_use_of_each_connection(house: House):
    admin, ada = await house.person("admin", "administrator"), await house.person("ada")
    row, app, later = await house.snowflake(admin), await house.content(admin), await house.content(admin)
    one, two = await house.connected(ada, row), await house.connected(ada, row, role="ANALYST")
    for there in (app, later):
        await house.trail.append(
            ada.caller, "exchange_credentials", content=there.guid, integration=row.guid, connection=one
        )
    await house.trail.append(ada.caller, "refresh_oauth_session", integration=row.guid, connection=one)
    found = await house.vault.upkeep.last_used([one, two])
    assert set(found) == {one}
    assert (found[one].content_guid, found[one].title.startswith("app-")) == (later.guid, True)
    assert await house.vault.upkeep.last_used([]) == {}
    rows = await house.vault.upkeep.uses(ada.caller, one, Keyset(10, ascending=False))
    assert [line.event.action for line in rows] == [
        "refresh_oauth_session",
        "exchange_credentials",
        "exchange_credentials",
        "connect_oauth_integration",
    ]
    assert "your Snowflake connection" in rows[1].text
    with pytest.raises(ApiError):
        await house.vault.upkeep.uses((await house.person("bob")).caller, one, Keyset(10, ascending=False))


async def test_what_cannot_be_renewed_says_so(house: House):
    admin = await house.person("admin", "administrator")
    guid = await house.connected(admin, await house.integration(admin), refresh=False)
    with pytest.raises(NeedsConsent):
        await house.vault.upkeep.refresh(admin.caller, guid)
    assert house.provider.refreshes == 0
