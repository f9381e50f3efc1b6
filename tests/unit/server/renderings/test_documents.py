"""The files of a version: found once, then from memory; no others' and none for what needs a process."""

import shutil
from pathlib import Path

import pytest

from server.db.engine import Database
from server.instances.live import StartProblem
from server.renderings.documents import stands_still
from tests.unit.server.instances.rig import Rig

PAGE = {"index.html": "<p>hi", "a/b.css": ""}


def test_what_stands_still():
    assert [stands_still(mode) for mode in ("static", "python-panel", "unknown")] == [True, False, False]


async def test_a_static_version_is_found_once(db: Database, tmp_path: Path):
    rig = Rig(db, tmp_path)
    number, app = rig.site(PAGE), rig.bundle()
    found = await rig.documents.find(rig.view.id, number)
    assert found is not None
    assert (found.primary, found.names) == ("index.html", set(PAGE))
    shutil.rmtree(rig.shelf.root)
    assert await rig.documents.find(rig.view.id, number) is found
    assert await rig.documents.find(rig.view.id + 1, number) is None
    assert await rig.documents.find(rig.view.id, app) is None
    assert await rig.documents.find(rig.view.id, 4242) is None


async def test_two_versions_are_told_apart(db: Database, tmp_path: Path):
    rig = Rig(db, tmp_path)
    first, second = [await rig.documents.find(rig.view.id, rig.site(PAGE)) for _ in range(2)]
    assert first is not None
    assert second is not None
    assert first.mark != second.mark


async def test_what_cannot_be_shown(db: Database, tmp_path: Path):
    rig = Rig(db, tmp_path)
    with pytest.raises(StartProblem, match="names no page"):
        await rig.documents.find(rig.view.id, rig.site({"a.css": ""}))
    gone = rig.site(PAGE)
    shutil.rmtree(rig.shelf.root)
    with pytest.raises(StartProblem, match="files of this version are gone"):
        await rig.documents.find(rig.view.id, gone)
