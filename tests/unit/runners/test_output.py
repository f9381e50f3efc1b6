"""Output is read line by line from files that an app may spoil but never use to reach other files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runners import output


@pytest.fixture
def log(tmp_path: Path) -> Path:
    for descriptor in output.create(tmp_path):
        os.close(descriptor)
    return output.folder(tmp_path)


def test_files_are_private(log: Path) -> None:
    assert (log / "stdout").stat().st_mode & 0o777 == 0o600
    assert log.stat().st_mode & 0o777 == 0o700


def test_reading_goes_on_where_it_ended(log: Path) -> None:
    (log / "stdout").write_text("one\ntwo\nthr")
    first = output.read(log, "stdout")
    assert (first.lines, first.ends, first.next_offset) == (("one", "two"), (4, 8), 8)
    with (log / "stdout").open("a") as file:
        file.write("ee\n")
    assert output.read(log, "stdout", first.next_offset).lines == ("three",)


def test_a_file_that_shrank_is_read_again(log: Path) -> None:
    (log / "stderr").write_text("new\n")
    assert output.read(log, "stderr", 500).lines == ("new",)


def test_control_characters_and_colours_go(log: Path) -> None:
    (log / "stdout").write_bytes(b"\x1b[31mred\x1b[0m\r\nbell\x07 \xff\ttab\n")
    assert output.read(log, "stdout").lines == ("red", "bell\ufffd \ufffd\ttab")


def test_a_line_without_end_is_handed_out_in_pieces(log: Path) -> None:
    (log / "stdout").write_text("x" * 50_000)
    assert output.read(log, "stdout").next_offset == 50_000


def test_tail_ends_with_stderr(log: Path) -> None:
    (log / "stdout").write_text("".join(f"{n}\n" for n in range(100)))
    (log / "stderr").write_text("Traceback\n")
    assert output.tail(log, 2).splitlines() == ["98", "99", "Traceback"]


def test_links_are_not_followed(log: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    (log / "stdout").unlink()
    (log / "stdout").symlink_to(secret)
    (log / "stderr").unlink()
    os.link(secret, log / "stderr")
    assert output.tail(log) == ""
    assert not output.trim(log, 0)
    assert secret.read_text() == "secret\n"


def test_a_pipe_does_not_block(log: Path) -> None:
    (log / "stdout").unlink()
    os.mkfifo(log / "stdout")
    assert output.read(log, "stdout").lines == ()


def test_trim_empties_what_grew_too_large(log: Path) -> None:
    with (log / "stdout").open("a") as app:
        app.write("x" * 100)
        app.flush()
        assert output.trim(log, 50)
        app.write("after\n")
    assert (log / "stdout").read_text() == "after\n"
    assert not output.trim(log, 50)


def test_nothing_there(tmp_path: Path) -> None:
    assert output.tail(tmp_path) == ""
    assert output.size(tmp_path, "stdout") == 0
    assert output.changed(tmp_path, "stdout") == 0.0
