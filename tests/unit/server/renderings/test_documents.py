"""The files of a version: found once, then from memory; rendered once however many ask."""

import asyncio
import shutil

import pytest

from server.instances.live import StartProblem
from server.renderings.documents import Unrendered, is_rendered, is_static
from tests.unit.server.instances.rig import Rig, until

PAGE = {"index.html": "<p>hi", "a/b.css": ""}


def test_what_stands_still():
    modes = ("static", "jupyter-static", "quarto-static", "python-panel", "unknown")
    assert [is_static(mode) for mode in modes] == [True, False, False, False, False]
    assert [is_rendered(mode) for mode in modes] == [False, True, True, False, False]


async def test_a_static_version_is_found_once(rig: Rig):
    number, app = rig.site(PAGE), rig.bundle()
    found = await rig.documents.find(rig.view.id, number)
    assert found is not None
    assert (found.primary, found.names) == ("index.html", set(PAGE))
    shutil.rmtree(rig.shelf.root)
    assert await rig.documents.find(rig.view.id, number) is found
    assert await rig.documents.find(rig.view.id + 1, number) is None
    assert await rig.documents.find(rig.view.id, app) is None
    assert await rig.documents.find(rig.view.id, 4242) is None


async def test_two_versions_are_told_apart(rig: Rig):
    first, second = [await rig.documents.find(rig.view.id, rig.site(PAGE)) for _ in range(2)]
    assert first is not None
    assert second is not None
    assert first.mark != second.mark


async def test_what_cannot_be_shown(rig: Rig):
    with pytest.raises(StartProblem, match="names no page"):
        await rig.documents.find(rig.view.id, rig.site({"a.css": ""}))
    gone = rig.site(PAGE)
    shutil.rmtree(rig.shelf.root)
    with pytest.raises(StartProblem, match="files of this version are gone"):
        await rig.documents.find(rig.view.id, gone)


async def test_a_version_is_rendered_once_however_many_ask(rig: Rig):
    number = rig.site({"page": "one"}, "quarto-static")
    with pytest.raises(Unrendered):
        await rig.documents.find(rig.view.id, number)
    asking = [asyncio.create_task(rig.documents.rendered(rig.view, number)) for _ in range(3)]
    await until(lambda: bool(rig.documents.progress(number)))
    await asyncio.gather(*asking)
    assert rig.preparer.prepared == 1
    found = await rig.documents.find(rig.view.id, number)
    assert found is not None
    assert (found.root / found.primary).read_text().startswith("<p>one")
    assert rig.documents.progress(number) == []


async def test_a_failure_counts_for_a_while(rig: Rig):
    number = rig.site({"page": "one", "fail": ""}, "quarto-static")
    for _ in range(2):
        with pytest.raises(StartProblem, match="exit code 3: boom"):
            await rig.documents.rendered(rig.view, number)
    assert rig.preparer.prepared == 1
    with pytest.raises(StartProblem, match="does not exist any more"):
        await rig.documents.rendered(rig.view, 4242)
