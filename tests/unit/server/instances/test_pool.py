"""The pool: one start for everybody, failures remembered, ends that wait for open pages."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.accounts import store as accounts
from server.db.engine import Database
from server.db.models import Instance
from server.instances import pool as pools
from server.instances import store
from server.instances.live import Place, StartProblem
from tests.unit.server.instances.rig import Rig, until


@pytest.fixture
async def rig(db: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(db, tmp_path)
    yield made
    made.runner.gate.set()
    await made.pool.aclose()


def rows(rig: Rig) -> list[Instance]:
    return rig.db.read_now(store.listing, rig.view.id)


async def test_two_hundred_callers_share_one_start(rig: Rig):
    place = Place(rig.guid, rig.bundle())
    rig.runner.gate.clear()
    waiting = [asyncio.create_task(rig.pool.acquire(rig.view, place)) for _ in range(200)]
    await until(lambda: bool(rig.pool.progress(place)))
    rig.runner.gate.set()
    found = await asyncio.gather(*waiting)
    assert len({live.key for live in found}) == 1
    assert len(rig.runner.started) == 1
    assert len(rows(rig)) == 1
    assert rig.pool.warm(place) is found[0]
    assert rig.pool.progress(place) == []


async def test_a_caller_who_goes_away_does_not_stop_the_start(rig: Rig):
    place = Place(rig.guid, rig.bundle())
    rig.runner.gate.clear()
    impatient = asyncio.create_task(rig.pool.acquire(rig.view, place))
    await until(lambda: bool(rig.pool.progress(place)))
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    rig.runner.gate.set()
    live = await rig.pool.acquire(rig.view, place)
    assert len(rig.runner.started) == 1
    assert live.place == place


async def test_a_failure_is_remembered_for_a_while_and_may_be_forgiven(rig: Rig, monkeypatch):
    place = Place(rig.guid, rig.bundle("crash.py"))
    for _ in range(5):
        with pytest.raises(StartProblem) as caught:
            await rig.pool.acquire(rig.view, place)
        assert "exit code 3" in caught.value.message
        assert "boom" in caught.value.detail
    assert len(rig.runner.started) == 1
    (row,) = rows(rig)
    assert row.end_time is not None
    rig.pool.forgive(place)
    with pytest.raises(StartProblem):
        await rig.pool.acquire(rig.view, place)
    assert len(rig.runner.started) == 2
    monkeypatch.setattr(pools, "REMEMBER_FAILURE", 0.0)
    with pytest.raises(StartProblem):
        await rig.pool.acquire(rig.view, place)
    assert len(rig.runner.started) == 3


async def test_a_failed_start_leaves_no_key(rig: Rig):
    with pytest.raises(StartProblem):
        await rig.pool.acquire(rig.view, Place(rig.guid, rig.bundle("crash.py")))
    assert len(rig.forgotten) == 1
    assert rig.db.write_now(accounts.drop_instance_keys) == []


async def test_what_cannot_be_prepared_is_told(rig: Rig):
    rig.preparer.problem = StartProblem("No such package.", "uv says ...")
    with pytest.raises(StartProblem, match="No such package"):
        await rig.pool.acquire(rig.view, Place(rig.guid, rig.bundle()))
    with pytest.raises(StartProblem, match="does not exist"):
        await rig.pool.acquire(rig.view, Place(rig.guid, 424242))
    assert rig.runner.started == []


async def test_what_an_instance_receives(rig: Rig):
    rig.wants_token = True
    rig.db.write_now(
        lambda s: rig.variables.put(s, rig.view.id, {"A": "1", "PATH": "/evil", "CONNECT_API_KEY": "stolen"})
    )
    live = await rig.pool.acquire(rig.view, Place(rig.guid, rig.bundle()))
    (spec,) = rig.runner.started
    given = dict(spec.variables)
    assert given["A"] == "1"
    assert "PATH" not in given
    assert given["CONNECT_API_KEY"].startswith("tbk_")
    assert given["CONNECT_CONTENT_GUID"] == rig.guid
    assert given["POSIT_PRODUCT"] == given["RSTUDIO_PRODUCT"] == "CONNECT"
    token = Path(given["CONNECT_CONTENT_SESSION_TOKEN_FILE"])
    assert token.stat().st_mode & 0o777 == 0o600
    assert spec.run_dir.stat().st_mode & 0o777 == 0o700
    assert given["CONNECT_API_KEY"] not in repr(spec)
    rig.wants_token = False
    await rig.pool.renew_tokens(rig.guid)
    assert not token.exists()
    assert live.tag == f"instance:{spec.key}"


async def test_an_app_that_ends_is_taken_off_the_road_and_started_anew(rig: Rig):
    place = Place(rig.guid, rig.bundle())
    live = await rig.pool.acquire(rig.view, place)
    rig.runner.crash(live.handle, 9)
    await until(lambda: rig.pool.warm(place) is None and bool(rig.hung_up))
    assert rig.links[0].closed
    assert rig.hung_up == [live.tag]
    await until(lambda: rows(rig)[0].end_time is not None and len(rig.forgotten) == 1)
    assert (rows(rig)[0].exit_code, rows(rig)[0].error) == (9, "The app ended with exit code 9.")
    again = await rig.pool.acquire(rig.view, place)
    assert again.key != live.key


async def test_a_retired_instance_waits_for_its_open_pages(rig: Rig):
    old, new = rig.bundle("one.py"), rig.bundle("two.py")
    live = await rig.pool.acquire(rig.view, Place(rig.guid, old))
    rig.busy[live.tag] = 1
    fresh = await rig.pool.acquire(rig.view, Place(rig.guid, new))
    rig.pool.retire(rig.guid, but=new)
    assert rig.pool.warm(Place(rig.guid, old)) is None
    assert rig.pool.warm(Place(rig.guid, new)) is fresh
    await asyncio.sleep(0)
    assert await rig.runner.poll(live.handle) is None
    rig.busy.clear()
    await until(lambda: bool(rig.hung_up))
    assert (await rig.runner.wait(live.handle)).code == 0
    assert await rig.runner.poll(fresh.handle) is None
    await until(lambda: rows(rig)[-1].end_time is not None)
    assert rows(rig)[-1].error is None


async def test_a_start_that_a_change_overtakes_is_not_put_on_the_road(rig: Rig):
    place = Place(rig.guid, rig.bundle())
    rig.runner.gate.clear()
    waiting = asyncio.create_task(rig.pool.acquire(rig.view, place))
    await until(lambda: "Starting the Streamlit app ..." in rig.pool.progress(place))
    rig.db.write_now(lambda s: rig.variables.put(s, rig.view.id, {"A": "new"}))
    rig.pool.retire(rig.guid)
    rig.runner.gate.set()
    stale = await waiting
    assert "A" not in rig.runner.started[0].variables
    assert rig.pool.warm(place) is None
    assert (await rig.runner.wait(stale.handle)).code == 0
    fresh = await rig.pool.acquire(rig.view, place)
    assert rig.runner.started[1].variables["A"] == "new"
    assert rig.pool.warm(place) is fresh


async def test_retiring_now_does_not_wait(rig: Rig):
    live = await rig.pool.acquire(rig.view, Place(rig.guid, rig.bundle()))
    rig.busy[live.tag] = 5
    rig.pool.retire(rig.guid, now=True)
    await until(lambda: bool(rig.hung_up))
    assert (await rig.runner.wait(live.handle)).code == 0


async def test_drafts_go_when_their_content_is_activated(rig: Rig):
    number = rig.bundle()
    draft = await rig.pool.acquire(rig.view, Place(rig.guid, number, draft=True))
    active = await rig.pool.acquire(rig.view, Place(rig.guid, number))
    assert draft.place.base_path == f"/content/{rig.guid}/_bundle{number}"
    rig.pool.retire(rig.guid, but=number)
    assert rig.pool.find(rig.guid) == [active]


async def test_one_instance_is_stopped_by_its_key(rig: Rig):
    live = await rig.pool.acquire(rig.view, Place(rig.guid, rig.bundle()))
    assert not await rig.pool.stop_instance("unknown")
    assert await rig.pool.stop_instance(live.key)
    assert not await rig.pool.stop_instance(live.key)
    assert rig.pool.find(rig.guid) == []


async def test_closing_ends_everything_and_starts_nothing_more(rig: Rig):
    place, other = Place(rig.guid, rig.bundle()), Place(rig.guid, rig.bundle("slowly.py"))
    live = await rig.pool.acquire(rig.view, place)
    rig.runner.gate.clear()
    starting = asyncio.create_task(rig.pool.acquire(rig.view, other))
    await until(lambda: len(rig.pool.progress(other)) == 2)  # its row is written, its process is being started
    await rig.pool.aclose()
    assert (await rig.runner.wait(live.handle)).code == 0
    (outcome,) = await asyncio.gather(starting, return_exceptions=True)
    assert isinstance(outcome, BaseException)
    with pytest.raises(StartProblem, match="stopping"):
        await rig.pool.acquire(rig.view, place)
    assert all(row.end_time is not None for row in rows(rig))
    assert rig.db.write_now(accounts.drop_instance_keys) == []


async def test_what_a_dead_server_left_is_ended_and_its_keys_withdrawn(rig: Rig):
    rig.db.write_now(store.begin, Instance(key="left", content_id=rig.view.id, bundle_id=1))
    rig.db.write_now(accounts.add_content_key, rig.owner.id, rig.guid, "left")
    await rig.pool.recover()
    (row,) = rows(rig)
    assert row.error == "the server was restarted"
    assert rig.db.write_now(accounts.drop_instance_keys) == []
