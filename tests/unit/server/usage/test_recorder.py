"""Visits are written in batches: soon, in order, and none is lost at an orderly end or while the database is away."""

import asyncio
from datetime import timedelta

import pytest

from server.content.view import ContentView
from server.db.clock import now
from server.db.engine import DatabaseUnavailable
from server.db.models import Content, Hit, LiveUse, Meta
from server.usage import recorder as module
from server.usage.recorder import Recorder
from server.web.caller import ANONYMOUS
from tests.unit.server.vault.house import House, Person, until


class World:
    async def build(self, house: House) -> "World":
        self.house = house
        self.ann: Person = await house.person("ann", "publisher")
        self.view = await self.content()
        self.recorder = Recorder(house.db, retention=3600, gather=0.0)
        return self

    async def content(self) -> ContentView:
        view = await self.house.directory.by_guid((await self.house.content(self.ann)).guid)
        assert view is not None
        return view


@pytest.fixture
async def rig(world: House) -> World:
    return await World().build(world)


async def test_a_visit_is_there_soon(rig: World):
    rig.recorder.visited(rig.ann.caller, rig.view, 7, "/page", "Firefox")
    rig.recorder.visited(ANONYMOUS, rig.view, 7, "/\x00" + "x" * 2000, "y" * 300)
    await until(lambda: len(rig.house.rows(Hit)) == 2)
    first, second = rig.house.rows(Hit)
    assert (first.user_id, first.content_id, first.bundle_id) == (rig.ann.id, rig.view.id, 7)
    assert (first.path, first.user_agent, first.live) == ("/page", "Firefox", False)
    assert second.user_id is None
    assert second.path.startswith("/?x")
    assert (len(second.path), len(second.user_agent)) == (1024, 256)


async def test_a_live_connection_has_a_beginning_and_an_end(rig: World):
    ended = rig.recorder.opened(rig.ann.caller, rig.view)
    await until(lambda: len(rig.house.rows(LiveUse)) == 1)
    assert rig.house.rows(LiveUse)[0].ended is None
    ended()
    ended()
    await until(lambda: rig.house.rows(LiveUse)[0].ended is not None)
    rig.recorder.opened(ANONYMOUS, rig.view)()
    await until(lambda: len(rig.house.rows(LiveUse)) == 2)
    await rig.recorder.aclose()
    assert all(row.ended >= row.started for row in rig.house.rows(LiveUse))


async def test_the_end_loses_nothing_and_ends_what_is_open(rig: World):
    slow = Recorder(rig.house.db, retention=3600, gather=60)
    for number in range(1200):
        slow.visited(ANONYMOUS, rig.view, 7, f"/{number}", "")
    slow.opened(ANONYMOUS, rig.view)
    await asyncio.sleep(0)
    await slow.aclose()
    assert [row.path for row in rig.house.rows(Hit)] == [f"/{number}" for number in range(1200)]
    assert rig.house.rows(LiveUse)[0].ended is not None


async def test_an_absent_database_delays_and_then_bounds(rig: World, monkeypatch, caplog):
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    good = rig.house.db.write
    away = True

    async def write(work, *args):
        if away:
            raise DatabaseUnavailable("gone")
        return await good(work, *args)

    monkeypatch.setattr(rig.house.db, "write", write)
    for number in range(5):
        rig.recorder.visited(ANONYMOUS, rig.view, 7, f"/{number}", "")
    await until(lambda: "2 visits were lost" in caplog.text)
    away = False
    await rig.recorder.aclose()
    assert [row.path for row in rig.house.rows(Hit)] == ["/2", "/3", "/4"]


async def test_what_belongs_to_nothing_any_more_is_left_out(rig: World):
    kept = await rig.content()
    rig.recorder.visited(ANONYMOUS, rig.view, 7, "/gone", "")
    rig.recorder.visited(ANONYMOUS, kept, 7, "/kept", "")
    rig.recorder.opened(ANONYMOUS, rig.view)
    await rig.house.db.write(lambda s: s.delete(s.get(Content, rig.view.id)))
    await rig.recorder.aclose()
    assert [row.path for row in rig.house.rows(Hit)] == ["/kept"]
    assert rig.house.rows(LiveUse) == []


async def test_keeping_house_notes_what_is_open_and_removes_what_is_old(rig: World):
    rig.recorder.visited(ANONYMOUS, rig.view, 7, "/old", "")
    rig.recorder.visited(ANONYMOUS, rig.view, 7, "/new", "")
    rig.recorder.opened(ANONYMOUS, rig.view)
    await until(lambda: len(rig.house.rows(Hit)) == 2)
    with rig.house.change(Hit) as rows:
        rows[0].time = now() - timedelta(hours=2)
    house = asyncio.create_task(rig.recorder.keep_house())
    await until(lambda: [row.path for row in rig.house.rows(Hit)] == ["/new"])
    assert any(row.name.startswith("live_uses_seen") for row in rig.house.rows(Meta))
    house.cancel()
    await asyncio.gather(house, return_exceptions=True)
    await rig.recorder.aclose()
