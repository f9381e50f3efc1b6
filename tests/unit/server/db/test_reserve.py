"""Room beside the database: taken, given away once, and taken again."""

import errno
import os
from pathlib import Path

import pytest

from server.db.reserve import BYTES, Reserve


def test_it_is_taken_given_away_and_taken_again(tmp_path: Path):
    reserve = Reserve(tmp_path / "tabard.db.reserve")
    for _ in range(2):
        assert reserve.ready()
        assert reserve.ready()
        (file,) = tmp_path.iterdir()
        assert file.stat().st_blocks * 512 >= BYTES
        assert file.stat().st_mode & 0o777 == 0o600
        assert reserve.give()
        assert not reserve.give()
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_has_no_room_and_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog):
    def full(*_arguments: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert not Reserve(tmp_path / "r").ready()
    assert list(tmp_path.iterdir()) == []
    assert "free disk space" in caplog.text


def test_without_a_file_there_is_always_room():
    reserve = Reserve(None)
    assert reserve.ready()
    assert not reserve.give()
