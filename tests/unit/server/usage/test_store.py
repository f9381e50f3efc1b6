"""What a server that ended without notice left open, removal in portions, and counting that stops."""

from datetime import timedelta

import pytest

from server.db.clock import now
from server.db.models import Hit, LiveUse
from server.db.owner import new_owner
from server.usage import store
from tests.unit.server.vault.house import House


@pytest.fixture
async def content_id(world: House) -> int:
    view = await world.directory.by_guid((await world.content(await world.person("ann"))).guid)
    assert view is not None
    return view.id


async def test_what_was_left_open_ended_when_the_server_was_last_seen(world: House, content_id: int):
    moment = now()
    rows = [
        LiveUse(id=key, content_id=content_id, started=moment - timedelta(hours=hours))
        for key, hours in (("a", 3), ("b", 1))
    ]
    world.db.owner = "an earlier boot|1|1|x|home"
    for row in rows:
        row.owner = world.db.owner
    await world.db.write(lambda s: s.add_all(rows))
    await world.db.write(store.note_open, moment - timedelta(hours=2))
    other = new_owner("elsewhere")
    await world.db.write(lambda s: s.add(LiveUse(id="c", content_id=content_id, started=moment, owner=other)))
    world.db.owner = new_owner("home")
    await world.db.write(store.close_open)
    first, second, theirs = sorted(world.rows(LiveUse), key=lambda row: row.id)
    assert first.ended == moment - timedelta(hours=2)
    assert second.ended == second.started
    assert theirs.ended is None


async def test_old_rows_go_in_portions_and_counting_stops(world: House, content_id: int, monkeypatch):
    moment = now()
    hits = [Hit(content_id=content_id, time=moment - timedelta(days=day)) for day in range(10)]
    await world.db.write(lambda s: s.add_all(hits))
    since = moment - timedelta(days=4, hours=1)
    assert await world.db.read(store.visits_since, content_id, since) == 5
    assert await world.db.read(store.visits_since, content_id, since, 3) == 3
    monkeypatch.setattr(store, "PORTION", 2)
    assert await world.db.write(store.drop_before, since) == 2
    while await world.db.write(store.drop_before, since):
        pass
    assert len(world.rows(Hit)) == 5
