"""A rendering is a job; its pages are stored whole or not at all, and an earlier one stays until then."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from runners import journal, output
from server.accounts import store as accounts
from server.bundles import store as bundles
from server.bundles.store import folder_of
from server.content import store as content
from server.db.models import Bundle, Instance
from server.instances import store as instances
from server.instances.live import StartProblem
from server.renderings import store
from server.renderings.renderer import FOLDER
from tests.unit.server.instances.rig import Rig, until

MODE = "quarto-static"


async def render(rig: Rig, number: int, lines: list[str] | None = None) -> None:
    bundle = rig.db.read_now(lambda session: session.get(Bundle, number))
    assert bundle is not None
    said = [] if lines is None else lines
    await rig.documents.render(rig.view, bundle, await rig.preparer.prepare(bundle, said.append), said.append)


def pages(rig: Rig, number: int) -> list[Path]:
    bundle = rig.db.read_now(lambda session: session.get(Bundle, number))
    assert bundle is not None
    return sorted((rig.shelf.root / folder_of(bundle) / FOLDER).glob("*"))


def jobs(rig: Rig) -> list[Instance]:
    return rig.db.read_now(instances.listing, rig.view.id)


async def text(rig: Rig, number: int) -> str:
    found = await rig.documents.find(rig.view.id, number)
    assert found is not None
    return (found.root / found.primary).read_text()


async def test_a_rendering_is_a_job_with_a_log(rig: Rig):
    lines: list[str] = []
    number = rig.site({"page": "one"}, MODE)
    rig.db.write_now(lambda s: rig.variables.put(s, rig.view.id, {"GREETING": "hello", "LD_PRELOAD": "x"}))
    await render(rig, number, lines)
    assert await text(rig, number) == f"<p>one hello {rig.guid}\n"
    assert "Rendering one." in lines
    (job,) = jobs(rig)
    assert (job.tag, job.exit_code, job.error, job.bundle_id) == ("build_report", 0, None, number)
    assert job.end_time is not None
    log = journal.entries(output.folder(rig.run_root / job.key))
    assert [entry.text for entry in log] == ["Rendering one."]
    assert sorted(path.name for path in (rig.run_root / job.key).iterdir()) == ["log"]
    (row,) = rig.db.read_now(store.of_content, rig.view.id)
    assert (row.job_key, row.primary, row.seconds > 0) == (job.key, "index.html", True)
    assert rig.forgotten, "its key was withdrawn"
    assert rig.db.read_now(lambda s: s.get(bundles.Bundle, number)) is not None


async def test_a_failed_rendering_leaves_the_earlier_pages(rig: Rig):
    number = rig.site({"page": "one"}, MODE)
    await render(rig, number)
    before = pages(rig, number)
    code = rig.shelf.code(before[0].parent.parent.name)[0]
    (code / "fail").touch()
    with pytest.raises(StartProblem, match="exit code 3: boom"):
        await render(rig, number)
    assert pages(rig, number) == before
    assert (await text(rig, number)).startswith("<p>one")
    failed = jobs(rig)[0]
    assert (failed.exit_code, failed.error) == (1, "Rendering ended with exit code 3: boom")
    (code / "fail").unlink()
    (code / "page").write_text("two")
    await render(rig, number)
    assert (await text(rig, number)).startswith("<p>two")
    after = pages(rig, number)
    assert (len(after), after == before) == (1, False)
    assert len(rig.db.read_now(store.of_content, rig.view.id)) == 2


async def test_a_rendering_is_stopped_by_its_key(rig: Rig):
    number = rig.site({"page": "one", "slow": ""}, MODE)
    task = asyncio.create_task(render(rig, number))
    await until(lambda: bool(list(rig.run_root.glob("*/here"))) and jobs(rig)[0].pid is not None)
    (job,) = jobs(rig)
    assert not await rig.renderer.stop("another")
    assert (rig.renderer.of(rig.guid), rig.renderer.of("another")) == ([job.key], [])
    assert await rig.renderer.stop(job.key)
    with pytest.raises(StartProblem, match="was stopped"):
        await task
    assert pages(rig, number) == []
    assert jobs(rig)[0].error == "Rendering was stopped."
    assert not await rig.renderer.stop(job.key)


async def test_the_server_stops_meanwhile(rig: Rig):
    number = rig.site({"page": "one", "slow": ""}, MODE)
    task = asyncio.create_task(render(rig, number))
    await until(lambda: bool(list(rig.run_root.glob("*/here"))))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (jobs(rig)[0].error, pages(rig, number)) == ("interrupted", [])
    assert rig.db.read_now(accounts.drop_instance_keys) == []


async def test_a_version_that_is_deleted_meanwhile(rig: Rig, monkeypatch):
    number = rig.site({"page": "one"}, MODE)

    async def given(*_: Any) -> dict[str, str]:
        await rig.db.write(bundles.remove, rig.view.id, number)
        return {}

    home = pages(rig, number)
    monkeypatch.setattr(rig.renderer, "_given", given)
    with pytest.raises(StartProblem, match="deleted while it was being rendered"):
        await render(rig, number)
    assert home == []
    assert not list(rig.shelf.root.glob(f"*/{FOLDER}"))


async def test_what_an_earlier_server_left_is_swept(rig: Rig):
    number = rig.site({"page": "one"}, MODE)
    await render(rig, number)
    (kept,) = pages(rig, number)
    for left in ("half.new", "unrecorded"):
        (kept.parent / left).mkdir()
    await rig.documents.recover()
    assert pages(rig, number) == [kept]


async def test_files_that_are_gone(rig: Rig):
    number = rig.bundle("x.qmd", MODE)
    with pytest.raises(StartProblem, match="are gone; deploy it again"):
        await render(rig, number)


async def test_content_that_is_deleted_meanwhile_leaves_nothing_running(rig: Rig):
    number = rig.site({"page": "one", "slow": ""}, MODE)
    task = asyncio.create_task(render(rig, number))
    await until(lambda: bool(list(rig.run_root.glob("*/here"))))
    (job,) = jobs(rig)
    await rig.db.write(content.drop, rig.guid)
    assert await rig.renderer.stop(job.key)
    with pytest.raises(StartProblem, match="was stopped"):
        await task
