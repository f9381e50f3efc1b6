"""The bundle folders on disk."""

from pathlib import Path

import pytest

from server.bundles.receive import Upload
from server.bundles.shelf import Shelf
from server.web.errors import ApiError
from tests.harness.publishing import bundle


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "bundles", 10 * 1024 * 1024)


def upload(shelf: Shelf, data: bytes) -> Upload:
    path = shelf.incoming / "upload.tar.gz"
    path.write_bytes(data)
    return Upload(path, len(data))


def test_an_upload_becomes_a_folder(shelf: Shelf):
    data = bundle({"app.py": "print(1)", "sub/x.txt": "x"})
    manifest = shelf.shelve(upload(shelf, data), "f1")
    assert (manifest.app_mode, manifest.entrypoint) == ("python-streamlit", "app.py")
    code, again = shelf.code("f1")
    assert again == manifest
    assert (code / "sub" / "x.txt").read_text() == "x"
    assert shelf.archive("f1").read_bytes() == data
    assert list(shelf.incoming.iterdir()) == []
    assert shelf.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"nothing", 135),
        (bundle({"app.py": ""})[:-20], 135),
        (bundle({"../x": ""}), 135),
        (bundle({"/etc/x": ""}), 135),
    ],
)
def test_what_is_refused_leaves_neither_folder_nor_upload(shelf: Shelf, data: bytes, code: int):
    with pytest.raises(ApiError) as caught:
        shelf.shelve(upload(shelf, data), "f1")
    assert (caught.value.status, caught.value.code) == (400, code)
    assert [p.name for p in shelf.root.iterdir()] == ["incoming"]
    assert list(shelf.incoming.iterdir()) == []


def test_the_sweep_takes_what_no_record_knows(shelf: Shelf):
    for name in ("known", "unknown"):
        shelf.shelve(upload(shelf, bundle({"app.py": ""})), name)
    (shelf.incoming / "half.tar.gz").write_text("x")
    shelf.sweep({"known"})
    assert {p.name for p in shelf.root.iterdir()} == {"known", "incoming"}
    assert list(shelf.incoming.iterdir()) == []
    shelf.discard(["known", "never"])
    assert {p.name for p in shelf.root.iterdir()} == {"incoming"}
