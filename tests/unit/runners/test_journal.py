"""Lines get the time of the first note that covers them, across both streams and across gateways."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runners import journal
from runners.journal import Journal, entries, follow


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [0.0]
    monkeypatch.setattr(journal.time, "time", lambda: now[0])

    def turn(to: float) -> None:
        now[0] = to

    return turn


def put(log: Path, stream: str, text: str) -> None:
    with (log / stream).open("a") as file:
        file.write(text)


def test_lines_are_ordered_by_note(tmp_path: Path, clock: Callable[[float], None]) -> None:
    notes = Journal(tmp_path)
    clock(100)
    put(tmp_path, "stderr", "first\n")
    notes.note()
    clock(200)
    put(tmp_path, "stdout", "second\nthi")
    notes.note()
    clock(300)
    put(tmp_path, "stdout", "rd\n")
    Journal(tmp_path).note()
    found = [(entry.at, entry.stream, entry.text) for entry in entries(tmp_path)]
    assert found == [(100, "stderr", "first"), (200, "stdout", "second"), (300, "stdout", "third")]
    assert len(entries(tmp_path, limit=2)) == 2


def test_nothing_new_is_not_noted(tmp_path: Path) -> None:
    notes = Journal(tmp_path)
    put(tmp_path, "stdout", "a\n")
    for _ in range(3):
        notes.note()
    assert len((tmp_path / "journal").read_text().splitlines()) == 1


def test_unnoted_lines_get_the_files_time(tmp_path: Path) -> None:
    put(tmp_path, "stdout", "a\n")
    assert entries(tmp_path)[0].at == (tmp_path / "stdout").stat().st_mtime


def test_a_file_too_large_starts_again(tmp_path: Path, clock: Callable[[float], None]) -> None:
    notes = Journal(tmp_path, limit=10)
    clock(100)
    put(tmp_path, "stdout", "x" * 20 + "\n")
    notes.note()
    clock(200)
    put(tmp_path, "stdout", "after\n")
    notes.note()
    assert [(entry.at, entry.text) for entry in entries(tmp_path)] == [(200, "after")]


def test_a_spoiled_journal_is_survived(tmp_path: Path) -> None:
    put(tmp_path, "stdout", "a\n")
    (tmp_path / "journal").write_bytes(b"nonsense\n\xff\n5.0 9 9\n6.0 1 1\n")
    assert [(entry.at, entry.text) for entry in entries(tmp_path)] == [(5.0, "a")]
    (tmp_path / "journal").unlink()
    (tmp_path / "journal").symlink_to("/dev/zero")
    Journal(tmp_path).note()
    assert len(entries(tmp_path)) == 1


def test_following_brings_each_line_once(tmp_path: Path) -> None:
    put(tmp_path, "stdout", "one\nunfini")
    put(tmp_path, "stderr", "two\n")
    first = follow(tmp_path, (0, 0))
    assert [entry.text for entry in first.entries] == ["one", "two"]
    assert follow(tmp_path, first.ends).entries == []
    put(tmp_path, "stdout", "shed\n")
    second = follow(tmp_path, first.ends)
    assert [entry.text for entry in second.entries] == ["unfinished"]
    assert second.ends == (15, 4)


def test_following_in_small_steps_loses_nothing(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(50)]
    put(tmp_path, "stdout", "".join(f"{line}\n" for line in lines))
    seen: list[str] = []
    ends = (0, 0)
    while (more := follow(tmp_path, ends, limit=64)).entries:
        seen += [entry.text for entry in more.entries]
        ends = more.ends
    assert seen == lines
