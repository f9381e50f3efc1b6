"""Output of several runs becomes one list that can be followed without losing or repeating a line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dashboard import log_lines
from dashboard.log_lines import Place, parse, read
from runners import output
from server.db.models import Instance

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def row(key: str, **terms: Any) -> Instance:
    given = {"key": key, "content_id": 1, "bundle_id": 3, "tag": "run_streamlit", "start_time": START}
    return Instance(**given | terms)


def write(root: Path, key: str, stream: str, text: str) -> None:
    log = output.folder(root / key)
    log.mkdir(parents=True, exist_ok=True)
    with (log / stream).open("a") as file:
        file.write(text)


def texts(found: log_lines.Read) -> list[str]:
    return [line.text for line in found.lines]


def test_our_own_words_come_with_the_apps(tmp_path: Path) -> None:
    write(tmp_path, "k1", "stdout", "hello\n")
    write(tmp_path, "k1", "stderr", "oh\n")
    found = read(tmp_path, [row("k1")], "")
    assert texts(found)[0] == "Starting version 3"
    assert [(line.stream, line.text) for line in found.lines[1:]] == [("stdout", "hello"), ("stderr", "oh")]


def test_the_tail_brings_each_line_once(tmp_path: Path) -> None:
    rows = [row("k1")]
    write(tmp_path, "k1", "stdout", "one\n")
    first = read(tmp_path, rows, "")
    assert read(tmp_path, rows, first.cursor) == log_lines.Read([], first.cursor)
    write(tmp_path, "k1", "stdout", "two\n")
    second = read(tmp_path, rows, first.cursor)
    assert texts(second) == ["two"]
    rows[0].end_time, rows[0].exit_code = START + timedelta(hours=1), 0
    third = read(tmp_path, rows, second.cursor)
    assert texts(third) == ["Version 3 has ended"]
    assert texts(read(tmp_path, rows, third.cursor)) == []


def test_a_new_run_joins_from_its_first_line(tmp_path: Path) -> None:
    old = row("old", start_time=START - timedelta(hours=1), end_time=START)
    first = read(tmp_path, [old], "")
    write(tmp_path, "new", "stdout", "fresh\n")
    assert texts(read(tmp_path, [row("new"), old], first.cursor)) == ["Starting version 3", "fresh"]


def test_how_runs_and_builds_end(tmp_path: Path) -> None:
    ends = START + timedelta(seconds=1)
    rows = [
        row("a", end_time=ends, exit_code=1, error="It ended with exit code 1."),
        row("b", end_time=ends, error="did not start: StartFailed"),
        row("c", end_time=ends, exit_code=1, error="No such package.", tag="python_restore"),
        row("d", end_time=ends, exit_code=0, tag="python_restore"),
    ]
    assert set(texts(read(tmp_path, rows, ""))) == {
        "Starting version 3",
        "Preparing version 3",
        "Version 3 has ended: It ended with exit code 1.",
        "Version 3 did not start",
        "Version 3 could not be prepared: No such package.",
        "Version 3 is prepared",
    }


def test_only_the_newest_runs_are_read(tmp_path: Path) -> None:
    rows = [row(f"k{number}") for number in range(9)]
    assert len(parse(read(tmp_path, rows, "").cursor)) == log_lines.MOST_RUNS


def test_a_long_history_is_cut_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, "k1", "stdout", "".join(f"line {number}\n" for number in range(60_000)))
    found = read(tmp_path, [row("k1")], "")
    assert len(found.lines) == log_lines.MOST_LINES
    assert found.lines[-1].text == "line 59999"


def test_a_cursor_from_elsewhere_is_survived(tmp_path: Path) -> None:
    assert parse("k.1.2.1~k2.0.0.0") == {"k": Place(1, 2, 1), "k2": Place()}
    for text in ("", "~~~", "k.1.2", "k.-1.0.0", "k.1.2.x", "k.²." + "9" * 400, "." * 9000):
        assert parse(text) == {}
    write(tmp_path, "k1", "stdout", "one\n")
    assert "one" in texts(read(tmp_path, [row("k1")], "k1.999999.0.1"))


def test_a_time_the_app_made_up_is_not_believed(tmp_path: Path) -> None:
    write(tmp_path, "k1", "stdout", "one\n")
    for text in ("nan 4 0\n", "1e300 4 0\n", "-1e300 4 0\n"):
        (output.folder(tmp_path / "k1") / "journal").write_text(text)
        assert all(line.at == START for line in read(tmp_path, [row("k1")], "").lines)


def test_renderings_are_told_as_what_they_are(tmp_path: Path) -> None:
    end = {"end_time": START + timedelta(seconds=5)}
    done = row("k1", tag="build_jupyter", exit_code=0, **end)
    assert texts(read(tmp_path, [done], "")) == ["Rendering version 3", "Version 3 is rendered"]
    broken = row("k2", tag="build_report", exit_code=1, error="boom", **end)
    assert texts(read(tmp_path, [broken], ""))[1] == "Version 3 could not be rendered: boom"
