"""Visitor keys: issued, handed out again while fresh, bounded by the sign-in, swept."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from server.db.clock import now
from server.db.models import BrowserSession, VisitorKey
from server.sessions.visitors import VisitorKeys
from server.web.caller import Caller
from tests.unit.server.vault.house import House


class World:
    async def build(self, house: House):
        self.house, self.ended = house, list[str]()
        self.admin, self.alice = await house.person("admin", "administrator"), await house.person("alice")
        self.app, self.there = await house.content(self.admin), await house.visitor_integration(self.admin)
        await house.associate(self.admin, self.app, self.there)
        self.keys = VisitorKeys(house.db, house.keyring, house.sessions)
        view = await house.directory.by_guid(self.app.guid)
        assert view is not None
        self.content_id = view.id
        house.sessions.when_ended(self.ended.append)
        return self

    async def issue(self, role: str = "viewer"):
        return await self.keys.issue(self.alice.caller, self.content_id, self.there.id, role)

    async def good(self, value: str) -> bool:
        found = await self.house.sessions.identify([(b"authorization", f"Key {value}".encode())])
        return isinstance(found, Caller)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    house = House(tmp_path)
    yield await World().build(house)
    await house.aclose()


async def test_the_same_key_while_it_is_fresh(world: World):
    first = await world.issue()
    assert (await world.issue()).value == first.value
    assert (await world.issue("publisher")).value != first.value
    with world.house.change(VisitorKey) as rows:
        for row in rows:
            row.expires_at = now() + timedelta(minutes=20)
    later = await world.issue()
    assert later.value != first.value
    assert await world.good(first.value)
    assert await world.good(later.value)


async def test_it_works_no_longer_than_the_sign_in(world: World):
    with world.house.change(BrowserSession) as rows:
        for row in rows:
            row.expires_at = now() + timedelta(minutes=10)
    await world.house.sessions.person_changed(world.alice.guid, end_sessions=False)
    issued = await world.issue()
    assert 590 <= issued.expires_in <= 600
    assert (await world.issue()).value == issued.value


async def test_time_ends_it_and_sweeping_removes_it(world: World):
    issued = await world.issue()
    assert await world.good(issued.value)
    with world.house.change(VisitorKey) as rows:
        rows[0].expires_at = now() - timedelta(seconds=1)
    await world.house.sessions.person_changed(world.alice.guid, end_sessions=False)
    assert not await world.good(issued.value)
    await world.house.sessions.sweep()
    assert world.house.rows(VisitorKey) == []
    assert world.ended == ["visitor:1"]


async def test_what_it_opened_closes_with_the_sign_in(world: World):
    await world.issue()
    await world.house.sessions.end(world.alice.caller)
    assert world.ended == [world.alice.caller.credential, "visitor:1"]


async def test_a_warm_look_up_touches_no_database(world: World, monkeypatch):
    issued = await world.issue()
    assert await world.good(issued.value)
    monkeypatch.setattr(world.house.db, "read", lambda *_: pytest.fail("the database was asked"))
    assert await world.good(issued.value)


async def test_a_cold_server_knows_it_too(world: World):
    issued = await world.issue()
    cold = House(Path(), path=world.house.path)
    found = await cold.sessions.identify([(b"authorization", f"Key {issued.value}".encode())])
    assert isinstance(found, Caller)
    assert (await cold.sessions.still(found.guid, found.credential)) == found
    assert (await cold.sessions.still(found.guid, "visitor:99")) is None
    again = VisitorKeys(cold.db, cold.keyring, cold.sessions)
    assert (await again.issue(world.alice.caller, world.content_id, world.there.id, "viewer")).value == issued.value
    await cold.aclose()


async def test_signing_out_everywhere_ends_all(world: World):
    issued = await world.issue()
    await world.house.sessions.person_changed(world.alice.guid, end_sessions=True)
    assert not await world.good(issued.value)
    assert world.house.rows(VisitorKey) == []
