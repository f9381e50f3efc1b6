"""Where a path leads, from memory; who may move one."""

from pathlib import Path

import pytest

from server.audit.trail import Trail
from server.db.engine import Database
from server.vanity.vanities import Led, Vanities
from tests.harness.statements import statements
from tests.unit.server.instances.rig import Rig
from tests.unit.server.standing import caller_of


@pytest.fixture
async def rig(db: Database, tmp_path: Path) -> Rig:
    return Rig(db, tmp_path)


@pytest.fixture
def vanities(rig: Rig) -> Vanities:
    return Vanities(rig.db, rig.directory, Trail(rig.db, gather=0.01))


async def test_a_path_and_what_is_below_it_lead_to_the_content(rig: Rig, vanities: Vanities):
    assert await vanities.find("/team/app") is None
    await vanities.put(caller_of(rig.owner), rig.view, "Team/app", force=False)
    for path, inside in (
        ("/Team/app/", "/"),
        ("/Team/app", "/"),
        ("/team/APP/x/y.js", "/x/y.js"),
        ("/team/app//x", "//x"),
        ("/team/app/%2e%2e/x", "/%2e%2e/x"),
    ):
        assert await vanities.find(path) == Led(rig.guid, inside), path
    for path in ("/", "/team", "/team/", "/team/app2", "/teamapp", "/x/team/app", "//team/app", "/__api__/team/app"):
        assert await vanities.find(path) is None, path


async def test_a_warm_look_up_needs_no_database_and_a_change_counts_at_once(rig: Rig, vanities: Vanities):
    owner = caller_of(rig.owner)
    await vanities.put(owner, rig.view, "one", force=False)
    assert await vanities.find("/one/") is not None
    with statements(rig.db) as seen:
        for path in ("/one/", "/none/", "/static/x.css", "/__api__/v1/user"):
            await vanities.find(path)
    assert seen == []
    await vanities.put(owner, rig.view, "two", force=False)
    assert (await vanities.find("/one/"), await vanities.find("/two/")) == (None, Led(rig.guid, "/"))
    await vanities.remove(owner, rig.view)
    assert await vanities.find("/two/") is None


async def test_a_path_that_became_the_servers_own_leads_nowhere(rig: Rig, vanities: Vanities):
    await vanities.put(caller_of(rig.owner), rig.view, "keys", force=False)
    assert await vanities.find("/keys") is not None
    vanities.reserve({"Keys"})
    assert await vanities.find("/keys") is None


async def test_a_long_path_is_looked_at_in_bounded_time(rig: Rig, vanities: Vanities):
    await vanities.put(caller_of(rig.owner), rig.view, "one", force=False)
    assert await vanities.find("/x" * 50_000) is None
