"""Who is asked to connect what, before an app is shown."""

import pytest

from server.consent.check import Connected, Missing
from server.db.models import Content
from server.oauth.integrations import Draft
from server.vault.errors import NeedsConsent
from server.web.caller import ANONYMOUS, Caller
from tests.unit.server.vault.house import House


class World:
    async def build(self, house: House):
        self.house = house
        self.admin = await house.person("admin", "administrator")
        self.alice = await house.person("alice")
        self.integration = await house.integration(self.admin)
        self.app = await house.content(self.admin)
        await house.associate(self.admin, self.app, self.integration)
        return self

    async def check(self, caller):
        view = await self.house.directory.by_guid(self.app.guid)
        return await self.house.consent.check(caller, view, await self.house.associations.for_content(self.app.guid))


async def test_a_viewer_without_a_connection_is_asked(house):
    world = await World().build(house)
    found = await world.check(world.alice.caller)
    assert isinstance(found, Missing)
    assert [needed.association.guid for needed in found.integrations] == [world.integration.guid]
    assert found.integrations[0].again == ""


async def test_a_connection_counts_at_once_and_stays_in_memory(house, monkeypatch):
    world = await World().build(house)
    assert isinstance(await world.check(world.alice.caller), Missing)
    await house.connected(world.alice, world.integration)
    assert isinstance(await world.check(world.alice.caller), Connected)

    async def no_database(*_: object) -> None:
        raise AssertionError("a warm check asked the database")

    monkeypatch.setattr(house.db, "read", no_database)
    assert isinstance(await world.check(world.alice.caller), Connected)


async def test_disconnecting_and_changing_the_integration_ask_again(house):
    world = await World().build(house)
    guid = await house.connected(world.alice, world.integration)
    assert isinstance(await world.check(world.alice.caller), Connected)
    await house.vault.connections.disconnect(world.alice.caller, guid)
    assert isinstance(await world.check(world.alice.caller), Missing)
    await house.connected(world.alice, world.integration)
    assert isinstance(await world.check(world.alice.caller), Connected)
    draft = Draft(config={"client_id": "other"}, sent=frozenset({"config"}))
    await house.integrations.change(world.admin.caller, world.integration.guid, draft)
    found = await world.check(world.alice.caller)
    assert isinstance(found, Missing)
    assert "administrator changed" in found.integrations[0].again


async def test_an_ended_connection_asks_again_with_the_reason(house):
    world = await World().build(house)
    await house.connected(world.alice, world.integration)
    assert isinstance(await world.check(world.alice.caller), Connected)
    house.provider.live.clear()
    house.time.ahead = 3601
    with pytest.raises(NeedsConsent):
        await house.vault.tokens.access_token(world.alice.id, world.integration.id)
    found = await world.check(world.alice.caller)
    assert isinstance(found, Missing)
    assert found.integrations[0].again == "The provider ended the connection."


async def test_who_cannot_consent_is_waved_through(house):
    world = await World().build(house)
    key = await house.sessions.identify([(b"authorization", f"Key {world.alice.key}".encode())])
    assert isinstance(key, Caller)
    for caller in (key, ANONYMOUS):
        found = await world.check(caller)
        assert isinstance(found, Connected)
        assert found.waived


async def test_service_accounts_and_public_content_ask_nobody(house):
    world = await World().build(house)
    with house.change(Content) as rows:
        rows[0].access_type = "all"
    house.directory.forget(world.app.guid)
    assert isinstance(await world.check(world.alice.caller), Connected)
    service = await house.integration(world.admin, auth_type="Service Account")
    await house.associate(world.admin, world.app, service)
    assert isinstance(await world.check(world.alice.caller), Connected)
