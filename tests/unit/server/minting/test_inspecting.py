"""Whose token the inspector looks into, and who may ask it."""

from server.minting.policy import Entry
from tests.unit.server.minting.world import told


async def inspect(house, world, person, row=None, role=""):
    path = f"/__api__/v1/oauth/integrations/{(row or world.integration).guid}/inspect"
    return await house.browser(key=person.key).get(path, params={"role": role} if role else None)


async def test_a_minted_token_meets_every_requirement(world, house):
    for settings in ({}, {"scope_attribute": "scope", "scope_delimiter": ";"}, {"not_before": "true"}):
        await world.configure(**settings)
        shown = (await inspect(house, world, world.alice)).json()
        assert shown["opaque"] is False
        assert (shown["whose"], shown["header"]["alg"]) == ("viewer", "RS256")
        assert [finding for finding in shown["findings"] if not finding["met"]] == []
        assert all(finding["required"] for finding in shown["findings"])
        assert shown["times"]["iat"] in ("now", "1 second ago")
        assert {"scp", "aud", "exp", "iss", "iat", "upn", "alg", "kid"} - {"scp"} <= {
            finding["claim"] for finding in shown["findings"]
        }


async def test_a_role_may_be_named(world, house):
    await world.map(Entry("default", "", ("PUBLIC", "ANALYST")))
    assert (await inspect(house, world, world.alice, role="ANALYST")).json()["claims"]["scp"] == [
        "session:role:ANALYST"
    ]
    assert told(await inspect(house, world, world.alice, role="OTHER")) == (403, 22)


async def test_who_has_no_role_and_no_business_there_sees_nothing(world, house):
    await world.map()
    assert (await inspect(house, world, world.alice)).status_code == 404
    assert told(await inspect(house, world, world.admin)) == (403, 22)


async def test_ones_own_connection_is_looked_into_as_it_is(world, house):
    warehouse = await house.integration(world.admin)
    assert (await inspect(house, world, world.alice, warehouse)).status_code == 404
    assert told(await inspect(house, world, world.owner, warehouse)) == (404, 220)
    await house.connected(world.alice, warehouse)
    asked = len(house.provider.requests)
    house.time.ahead = 4000
    shown = (await inspect(house, world, world.alice, warehouse)).json()
    assert (shown["opaque"], shown["claims"], shown["findings"]) == (True, {}, [])
    assert len(house.provider.requests) == asked
    assert (await inspect(house, world, world.bob, warehouse)).status_code == 404


async def test_an_ended_connection_has_no_token(world, house):
    warehouse = await house.integration(world.admin)
    await house.connected(world.alice, warehouse)
    await world.house.integrations.change(world.admin.caller, warehouse.guid, _another_client())
    assert told(await inspect(house, world, world.alice, warehouse)) == (400, 241)


def _another_client():
    from server.oauth.integrations import Draft

    return Draft(config={"client_id": "other"}, sent=frozenset({"config"}))


async def test_a_service_accounts_token_is_for_administrators(world, house):
    service = await house.integration(world.admin, auth_type="Service Account")
    assert told(await inspect(house, world, world.owner, service)) == (403, 22)
    assert (await inspect(house, world, world.alice, service)).status_code == 404
    shown = (await inspect(house, world, world.admin, service)).json()
    assert (shown["whose"], shown["opaque"]) == ("service_account", True)
    house.provider.secret = "other"
    await house.integrations.change(world.admin.caller, service.guid, _another_client())
    assert told(await inspect(house, world, world.admin, service)) == (400, 241)


async def test_api_keys_are_no_tokens(world, house):
    visitor = await house.visitor_integration(world.admin)
    assert (await inspect(house, world, world.admin, visitor)).status_code == 400
