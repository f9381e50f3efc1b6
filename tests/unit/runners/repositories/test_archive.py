"""A fetched folder as a bundle."""

import io
import tarfile
from pathlib import Path

import pytest

from runners.bundles.extract import extract
from runners.repositories.archive import pack
from runners.repositories.checkout import Checkout


def test_the_same_files_give_the_same_bytes(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    for name in ("manifest.json", "sub/ü.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "not-listed").write_text("x")
    pack(Checkout("c", tmp_path, ("sub/ü.txt", "manifest.json")), tmp_path / "one.tar.gz")
    (tmp_path / "manifest.json").touch()
    pack(Checkout("c", tmp_path, ("manifest.json", "sub/ü.txt")), tmp_path / "two.tar.gz")
    data = (tmp_path / "one.tar.gz").read_bytes()
    assert data == (tmp_path / "two.tar.gz").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["manifest.json", "sub/ü.txt"]
    extracted = extract(io.BytesIO(data), tmp_path / "out")
    assert (extracted.manifest_dir / "sub" / "ü.txt").read_text() == "sub/ü.txt"


def test_links_are_never_followed(tmp_path: Path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").mkdir()
    for name in ("link", "folder"):
        with pytest.raises(OSError):  # noqa: PT011
            pack(Checkout("c", tmp_path, (name,)), tmp_path / f"{name}.tar.gz")
