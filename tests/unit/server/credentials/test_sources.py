"""Which source answers: those that were added come first, and the role that counts reaches all of them."""

from integrations.contract import Secret
from server.credentials.sources import Asked
from server.vault.tokens import Issued
from tests.unit.server.credentials.test_api import World
from tests.unit.server.vault.house import House


async def test_an_added_source_answers_what_is_its_business(house: House):
    world = await World().build(house)
    asked: list[Asked] = []

    async def lent(what: Asked) -> Issued | None:
        asked.append(what)
        extras = {"instance_url": "https://x.example.com", "access_token": "theirs", "token_type": "odd"}
        return Issued(Secret("at-lent"), "Bearer", 60, (), extras) if len(asked) == 1 else None

    house.sources.add(lent)
    first = (await world.exchange()).json()
    assert (first["access_token"], first["token_type"], first["expires_in"]) == ("at-lent", "Bearer", 60)
    assert first["instance_url"] == "https://x.example.com"
    assert (await world.exchange()).json()["access_token"] == "at-alice-0"
    assert {(what.viewer.guid, what.view.guid, what.there.guid, what.role) for what in asked if what.viewer} == {
        (world.alice.guid, world.app.guid, world.integration.guid, "")
    }


async def test_the_role_that_counts_chooses_the_connection(house: House):
    world = await World().build(house)

    async def analyst(_user: int, _there: object, _content: str) -> str:
        return "ANALYST"

    house.sources.choose_roles(analyst)
    refused = await world.exchange()
    assert (refused.status_code, refused.json()["code"]) == (404, 220)
    assert refused.json()["payload"]["consent_url"].endswith("&role=ANALYST")
    await house.connected(world.alice, world.integration, role="ANALYST")
    assert (await world.exchange()).status_code == 200
    content = house.handles.content(world.app.guid, "i")
    kind = "urn:posit:connect:content-session-token"
    service = await house.integration(world.admin, auth_type="Service Account")
    await house.associate(world.owner, world.app, service)
    assert (await world.exchange(subject_token_type=kind, subject_token=content)).status_code == 200


async def test_what_an_app_asks_for_beyond_reaches_the_vault(house: House):
    world = await World().build(house)
    house.time.ahead = 1800
    assert (await world.exchange(min_ttl="600")).json()["access_token"] == "at-alice-0"
    assert (await world.exchange(min_ttl="2000")).json()["access_token"] != "at-alice-0"
    house.time.ahead = 1900
    await world.exchange(force_refresh="true")
    assert house.provider.refreshes == 2
    assert (await world.exchange(force_refresh="yes")).status_code == 400
