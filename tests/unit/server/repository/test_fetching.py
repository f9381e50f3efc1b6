"""Fetching: what is tried, remembered and left behind."""

import asyncio

import pytest

from runners.repositories.location import Location
from server.bundles import store as bundles
from server.repository import store
from server.repository.fetching import Means, location_of
from server.web.errors import ApiError
from tests.unit.server.repository.desk import MANIFEST, GitDesk


async def test_without_a_person_the_server_acts(desk: GitDesk):
    commit = desk.origin.commit({"manifest.json": MANIFEST})
    desk.db.write_now(store.put, desk.view.id, {"repository": desk.origin.url})
    settings = await desk.fetching.settings(desk.view)
    assert settings is not None
    row = await desk.fetching.fetch(None, desk.view, location_of(settings), lambda _line: None)
    assert row.created_by is None
    (event,) = await desk.events("add_bundle")
    assert event.actor == "system"
    assert await desk.fetching.newest(location_of(settings)) == commit


async def test_too_slow_leaves_nothing(desk: GitDesk):
    desk.origin.commit({"manifest.json": MANIFEST})
    means = Means(desk.fetching._means.program, desk.root / "git", {}, allow_local=True, seconds=0.001)
    with pytest.raises(ApiError, match="too long"):
        await desk.over(means).fetch(None, desk.view, Location(desk.origin.url, "main", "."), lambda _line: None)
    assert desk.left() == []
    assert desk.db.read_now(bundles.listing, desk.view.id) == []


async def test_whoever_gives_up_leaves_nothing(desk: GitDesk):
    desk.origin.commit({"manifest.json": MANIFEST})
    reached = asyncio.Event()

    def report(_line: str) -> None:
        reached.set()

    task = asyncio.create_task(desk.fetching.fetch(None, desk.view, Location(desk.origin.url, "main", "."), report))
    await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert desk.left() == []


async def test_what_a_killed_server_left_goes_at_start(desk: GitDesk):
    (desk.root / "git" / "x").mkdir(parents=True)
    desk.fetching.sweep()
    assert desk.left() == []
