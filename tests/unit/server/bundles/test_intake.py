"""Taking versions in: files and row come together or not at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.bundles import store
from server.bundles.intake import Intake
from server.bundles.receive import Upload
from server.bundles.shelf import Shelf
from server.content import store as content
from server.db.engine import Database
from server.web.errors import ApiError
from tests.harness.publishing import bundle
from tests.unit.server.standing import Standing, open_standing


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.shelf = Shelf(tmp_path / "bundles", 10 * 1024 * 1024)  # type: ignore[attr-defined]
        yield made


def intake(desk: Standing) -> tuple[Intake, Shelf]:
    shelf: Shelf = desk.shelf  # type: ignore[attr-defined]
    return Intake(desk.db, shelf, desk.trail), shelf


def received(shelf: Shelf, data: bytes) -> Upload:
    path = shelf.incoming / "upload"
    path.write_bytes(data)
    return Upload(path, len(data), "m", "s", "h", {"source": "git"})


def left(desk: Standing, shelf: Shelf) -> tuple[int, int, int]:
    rows = len(desk.db.read_now(store.listing, desk.view.id))
    return rows, len(list(shelf.root.iterdir())) - 1, len(list(shelf.incoming.iterdir()))


async def test_kept_with_what_is_known_of_it(desk: Standing):
    taking, shelf = intake(desk)
    row = await taking.keep(desk.who["owner"], desk.view, received(shelf, bundle({"app.py": "1"})))
    assert (row.sha256, row.details["md5"], row.details["metadata"]) == ("h", "m", {"source": "git"})
    assert left(desk, shelf) == (1, 1, 0)


async def test_what_is_no_bundle_leaves_nothing(desk: Standing):
    taking, shelf = intake(desk)
    with pytest.raises(ApiError):
        await taking.keep(None, desk.view, received(shelf, b"nonsense"))
    assert left(desk, shelf) == (0, 0, 0)


async def test_content_that_went_or_was_locked_meanwhile_takes_nothing(desk: Standing):
    taking, shelf = intake(desk)
    view = desk.view
    desk.db.write_now(content.change, desk.guid, {"locked": True})
    with pytest.raises(ApiError) as caught:
        await taking.keep(None, view, received(shelf, bundle({"app.py": "1"})))
    assert caught.value.code == 222
    assert left(desk, shelf) == (0, 0, 0)
    desk.db.write_now(content.drop, desk.guid)
    with pytest.raises(ApiError) as caught:
        await taking.keep(None, view, received(shelf, bundle({"app.py": "1"})))
    assert (caught.value.status, caught.value.code) == (404, 4)
    assert len(list(shelf.root.iterdir())) == 1


async def test_whoever_gives_up_leaves_row_and_files_or_neither(desk: Standing):
    taking, shelf = intake(desk)
    task = asyncio.create_task(taking.keep(None, desk.view, received(shelf, bundle({"app.py": "1"}))))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        while left(desk, shelf) != (1, 1, 0):
            await asyncio.sleep(0.01)
