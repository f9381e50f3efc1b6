"""OAuth sessions and the test of a service account over the wire (connect-api.md 3.1 verify, 3.4)."""

from dataclasses import replace

import httpx
import pytest

from server.db.models import Connection
from server.web.errors import ApiError
from tests.unit.server.vault.house import CANARY, House

PATH = "/__api__/v1/oauth/sessions"


async def test_people_see_and_end_their_own_sessions_and_administrators_all(house: House):
    admin = await house.person("admin", "administrator")
    alice, bob = await house.person("alice"), await house.person("bob")
    integration = await house.integration(admin)
    guid = await house.connected(alice, integration)
    await house.connected(bob, integration)
    as_alice, as_bob, as_admin = (house.browser(key=p.key) for p in (alice, bob, admin))
    (mine,) = (await as_alice.get(PATH)).json()
    assert mine.keys() == {
        "id",
        "guid",
        "user_guid",
        "oauth_integration_guid",
        "has_refresh_token",
        "created_time",
        "updated_time",
        "role",
        "status",
        "reason",
        "account",
        "scopes",
        "expires",
        "refreshed_time",
    }
    assert (mine["role"], mine["status"], mine["account"]) == ("", "connected", "alice")
    assert (mine["guid"], mine["user_guid"], mine["has_refresh_token"]) == (guid, alice.guid, True)
    assert (await as_alice.get(f"{PATH}/{guid}")).json() == mine
    assert (await as_alice.get(PATH, params={"all": "true"})).status_code == 403
    assert len((await as_admin.get(PATH, params={"all": "true"})).json()) == 2
    assert (await as_admin.get(PATH)).json() == []
    for answer in (await as_bob.get(f"{PATH}/{guid}"), await as_bob.delete(f"{PATH}/{guid}")):
        assert (answer.status_code, answer.json()["code"]) == (404, 220)
    assert (await as_alice.delete(f"{PATH}/{guid}")).status_code == 204
    assert (await as_alice.delete(f"{PATH}/{guid}")).status_code == 404
    assert len(house.rows(Connection)) == 1
    await house.vault.aclose()
    assert [token.startswith(CANARY) for token in house.provider.revoked()] == [True]


async def test_a_disconnect_does_not_wait_for_the_provider(house: House):
    admin = await house.person("admin", "administrator")
    integration = await house.integration(admin)
    guid = await house.connected(admin, integration)
    house.vault.background.closing.set()
    assert (await house.browser(key=admin.key).delete(f"{PATH}/{guid}")).status_code == 204
    assert house.rows(Connection) == []


async def test_verify_tries_a_service_account(house: House):
    admin = await house.person("admin", "administrator")
    viewer = await house.integration(admin)
    service = await house.integration(admin, auth_type="Service Account")
    client = house.browser(key=admin.key)

    async def verify(integration) -> httpx.Response:
        return await client.post(f"/__api__/v1/oauth/integrations/{integration.guid}/verify")

    refused = await verify(viewer)
    assert (refused.status_code, refused.json()["code"]) == (400, 240)
    good = await verify(service)
    assert good.status_code == 200
    assert "at-service" not in good.text
    house.provider.secret = "other"
    failed = await verify(service)
    assert (failed.status_code, failed.json()["code"]) == (400, 241)


async def test_a_connection_is_renewed_now_and_tells_who_used_it(house: House):
    admin = await house.person("admin", "administrator")
    alice, bob = await house.person("alice"), await house.person("bob")
    integration, app = await house.integration(admin), await house.content(admin)
    guid = await house.connected(alice, integration)
    as_alice, as_bob = house.browser(key=alice.key), house.browser(key=bob.key)
    house.time.ahead = 60
    renewed = (await as_alice.post(f"{PATH}/{guid}/refresh")).json()
    assert (renewed["guid"], renewed["status"]) == (guid, "connected")
    assert renewed["refreshed_time"]
    assert house.provider.refreshes == 1
    await house.trail.append(
        alice.caller, "exchange_credentials", content=app.guid, integration=integration.guid, connection=guid
    )
    uses = (await as_alice.get(f"{PATH}/{guid}/uses", params={"ascOrder": "false", "limit": 1})).json()
    (use,) = uses["results"]
    assert (use["action"], use["content_guid"]) == ("exchange_credentials", app.guid)
    assert "Warehouse" in use["words"]
    assert uses["paging"]["next"]
    for path, method in (("refresh", as_bob.post), ("uses", as_bob.get)):
        answer = await method(f"{PATH}/{guid}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, 220)
    house.provider.live.clear()
    house.time.ahead = 120
    ended = await as_alice.post(f"{PATH}/{guid}/refresh")
    assert (ended.status_code, ended.json()["code"]) == (400, 219)


async def test_a_connection_that_cannot_be_renewed_now(house: House):
    admin = await house.person("admin", "administrator")
    guid = await house.connected(admin, await house.integration(admin))
    house.time.ahead = 60
    house.provider.fault = lambda _form: httpx.Response(503)
    client = house.browser(key=admin.key)
    later = await client.post(f"{PATH}/{guid}/refresh")
    assert later.status_code in (200, 503)


async def test_an_app_that_acts_for_her_a_while_does_not_touch_her_connections(house: House):
    alice = await house.person("alice")
    integration = await house.integration(await house.person("admin", "administrator"))
    guid = await house.connected(alice, integration)
    app = replace(alice.caller, via="visitor", credential="visitor:1", content_guid="c")
    for act in (house.vault.connections.disconnect, house.vault.upkeep.refresh):
        with pytest.raises(ApiError) as caught:
            await act(app, guid)
        assert caught.value.status == 403
    assert house.connection().status == "connected"
    assert house.provider.refreshes == 0
