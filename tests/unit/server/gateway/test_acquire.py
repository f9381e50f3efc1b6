"""An instance for a viewer who is connected: ready, starting, or a reason why there is none."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.consent.check import Connected
from server.db.engine import Database
from server.gateway.acquire import Acquirer, CannotStart, Opened, Routed, StillStarting
from server.instances.live import Place
from server.web.caller import ANONYMOUS
from tests.unit.server.instances.rig import Rig, until


@pytest.fixture
async def rig(db: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(db, tmp_path)
    yield made
    made.runner.gate.set()
    await made.pool.aclose()


async def test_the_first_visit_waits_and_the_next_does_not(rig: Rig):
    acquirer, connected, number = Acquirer(rig.pool, rig.documents), Connected(ANONYMOUS, rig.view), rig.bundle()
    first = await acquirer.acquire(connected, number, draft=False, patience=None)
    second = await acquirer.acquire(connected, number, draft=False, patience=0.0)
    assert isinstance(first, Routed)
    assert isinstance(second, Routed)
    assert (first.waited, second.waited, second.live) == (True, False, first.live)
    draft = await acquirer.acquire(connected, number, draft=True, patience=None)
    assert isinstance(draft, Routed)
    assert draft.live.place == Place(rig.guid, number, draft=True)
    assert len(rig.runner.started) == 2


async def test_patience_ends_the_wait_and_not_the_start(rig: Rig):
    acquirer, connected, number = Acquirer(rig.pool, rig.documents), Connected(ANONYMOUS, rig.view), rig.bundle()
    rig.runner.gate.clear()
    waiting = asyncio.create_task(acquirer.acquire(connected, number, draft=False, patience=None))
    await until(lambda: len(rig.pool.progress(Place(rig.guid, number))) == 2)
    found = await acquirer.acquire(connected, number, draft=False, patience=0.01)
    assert isinstance(found, StillStarting)
    assert found.lines[0] == "Prepared."
    assert found.lines[1].startswith("Starting the ")
    rig.runner.gate.set()
    assert isinstance(await waiting, Routed)
    assert len(rig.runner.started) == 1


async def test_a_failure_is_an_answer(rig: Rig):
    connected = Connected(ANONYMOUS, rig.view)
    found = await Acquirer(rig.pool, rig.documents).acquire(
        connected, rig.bundle("crash.py"), draft=False, patience=None
    )
    assert isinstance(found, CannotStart)
    assert "exit code 3" in found.problem.message
    gone = await Acquirer(rig.pool, rig.documents).acquire(connected, 4242, draft=False, patience=None)
    assert isinstance(gone, CannotStart)
    assert gone.problem.message == "This version does not exist any more."


async def test_content_without_a_process_is_answered_by_files(rig: Rig):
    acquirer, connected = Acquirer(rig.pool, rig.documents), Connected(ANONYMOUS, rig.view)
    found = await acquirer.acquire(connected, rig.site({"index.html": ""}), draft=False, patience=0.0)
    assert isinstance(found, Opened)
    assert (found.published.primary, rig.runner.started) == ("index.html", [])
    broken = await acquirer.acquire(connected, rig.site({"a.css": ""}), draft=True, patience=None)
    assert isinstance(broken, CannotStart)
