"""Durable names and private files: what is there afterwards, and what is never overwritten."""

from pathlib import Path

import pytest

from runners.durable import create_private, replace_private, sync_folder


def test_a_private_file_is_whole_and_its_owners_alone(tmp_path: Path):
    create_private(tmp_path / "key", b"secret")
    assert (tmp_path / "key").read_bytes() == b"secret"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_never_overwritten(tmp_path: Path):
    create_private(tmp_path / "key", b"first")
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "key", b"second")
    assert (tmp_path / "key").read_bytes() == b"first"


def test_only_folders_are_synced(tmp_path: Path):
    sync_folder(tmp_path)
    create_private(tmp_path / "key", b"x")
    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "key")
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "none")


def test_a_private_file_is_replaced_all_at_once(tmp_path: Path):
    path = tmp_path / "f"
    create_private(path, b"old")
    (tmp_path / ".f.new").write_bytes(b"left behind by a crash")
    replace_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]
