"""Files and rows: a picture is whole or not there, replaced at once, gone with its content."""

from pathlib import Path

import pytest

from server.audit.trail import Trail
from server.content import lists
from server.content import store as content
from server.db.engine import Database
from server.thumbnails.thumbnails import Thumbnails, is_known, picture_headers
from server.web.errors import ApiError
from tests.harness.statements import statements
from tests.unit.server.instances.rig import Rig
from tests.unit.server.standing import caller_of
from tests.unit.server.thumbnails import pictures


@pytest.fixture
async def rig(db: Database, tmp_path: Path) -> Rig:
    return Rig(db, tmp_path)


@pytest.fixture
def kept(rig: Rig, tmp_path: Path) -> Thumbnails:
    return Thumbnails(rig.db, tmp_path / "thumbnails", Trail(rig.db, gather=0.01))


def files(folder: Path) -> list[Path]:
    return list((folder / "thumbnails").iterdir())


async def test_put_replaced_and_removed(rig: Rig, kept: Thumbnails, tmp_path: Path):
    owner, view = caller_of(rig.owner), rig.view
    assert await kept.find(view.id) is None
    await kept.put(owner, view, pictures.png())
    first = await kept.find(view.id)
    assert first is not None
    assert (first.data, first.media_type) == (pictures.png(), "image/png")
    await kept.put(owner, view, pictures.gif())
    second = await kept.find(view.id)
    assert second is not None
    assert (second.data, second.media_type) == (pictures.gif(), "image/gif")
    assert second.mark != first.mark
    (file,) = files(tmp_path)
    assert (file.suffix, file.stat().st_mode & 0o777) == (".gif", 0o600)
    assert rig.db.read_now(lists.pictures, [view.id, 4242]) == {view.id: second.mark}
    await kept.remove(owner, view)
    assert await kept.find(view.id) is None
    assert files(tmp_path) == []
    with pytest.raises(ApiError) as caught:
        await kept.remove(owner, view)
    assert (caught.value.status, caught.value.code) == (404, 17)


async def test_what_fails_leaves_neither_file_nor_row(rig: Rig, kept: Thumbnails, tmp_path: Path):
    owner, view = caller_of(rig.owner), rig.view
    for data, status in ((b"<svg/>", 400), (b"", 400)):
        with pytest.raises(ApiError) as caught:
            await kept.put(owner, view, data)
        assert caught.value.status == status
    rig.db.write_now(content.drop, rig.guid)
    with pytest.raises(Exception, match="FOREIGN KEY"):
        await kept.put(owner, view, pictures.png())
    assert files(tmp_path) == []


async def test_a_warm_look_up_needs_no_database(rig: Rig, kept: Thumbnails):
    await kept.put(caller_of(rig.owner), rig.view, pictures.png())
    number = rig.view.id
    await kept.find(number)
    with statements(rig.db) as seen:
        assert await kept.find(number) is not None
    assert seen == []


async def test_a_picture_that_another_server_replaced_is_found(rig: Rig, kept: Thumbnails, tmp_path: Path):
    other = Thumbnails(rig.db, tmp_path / "thumbnails", Trail(rig.db, gather=0.01))
    await kept.put(caller_of(rig.owner), rig.view, pictures.png())
    await kept.find(rig.view.id)
    await other.put(caller_of(rig.owner), rig.view, pictures.gif())
    found = await kept.find(rig.view.id)
    assert found is not None
    assert found.media_type == "image/gif"


async def test_a_start_sweeps_what_no_row_names(rig: Rig, kept: Thumbnails, tmp_path: Path):
    await kept.put(caller_of(rig.owner), rig.view, pictures.png())
    (tmp_path / "thumbnails" / "left.png").write_bytes(b"x")
    rig.db.write_now(kept.sweep)
    assert await kept.find(rig.view.id) is not None
    assert len(files(tmp_path)) == 1
    kept.discard(rig.db.read_now(kept.files_of, rig.view.id))
    assert files(tmp_path) == []
    assert await kept.find(rig.view.id) is None


async def test_shown_as_a_picture_and_never_as_a_page(rig: Rig, kept: Thumbnails):
    await kept.put(caller_of(rig.owner), rig.view, pictures.png())
    found = await kept.find(rig.view.id)
    assert found is not None
    headers = picture_headers(found)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"].startswith("private")
    tag = headers["ETag"]
    assert [is_known(sent, found) for sent in (tag, f'"x", W/{tag}', "*", "", '"x"')] == [
        True,
        True,
        True,
        False,
        False,
    ]
