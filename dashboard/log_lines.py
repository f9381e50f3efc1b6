"""Merges what an item's runs wrote, and the server's own words about them, into one list that can be followed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dashboard.views.content import LogLine
from runners import journal, output
from server.content.overview import BUILD, failed
from server.db.models import Instance
from server.instances.store import RENDERINGS

MOST_RUNS = 5
MOST_LINES = 2000
# Bytes read of each stream of each run: at first from its end, later as much again at a time.
READ = 128 * 1024
LONGEST_CURSOR = 4096


@dataclass(frozen=True)
class Place:
    """How far one run has been read: bytes of both streams, and how many of our own two lines were said."""

    out: int = 0
    err: int = 0
    said: int = 0


@dataclass(frozen=True)
class Read:
    """Lines in the order they appeared, and the cursor from which the next ones follow."""

    lines: list[LogLine]
    cursor: str


def parse(cursor: str) -> dict[str, Place]:
    """The places in a cursor, by the run's key. What cannot be read is left out."""
    found: dict[str, Place] = {}
    for part in cursor[:LONGEST_CURSOR].split("~"):
        key, *numbers = part.split(".")
        if len(numbers) == 3 and all(text.isascii() and text.isdigit() and len(text) < 16 for text in numbers):
            out, err, said = map(int, numbers)
            found[key] = Place(out, err, said)
    return found


def _write(places: Mapping[str, Place]) -> str:
    return "~".join(f"{key}.{at.out}.{at.err}.{at.said}" for key, at in places.items())


def read(run_root: Path, rows: Iterable[Instance], after: str) -> Read:
    """What the newest runs and builds (`rows`, newest first) wrote since the cursor `after`.

    Without a cursor: their newest lines. Files are read here, so call it off the event loop.
    """
    places = parse(after)
    now_at: dict[str, Place] = {}
    lines: list[LogLine] = []
    runs = 0
    for row in rows:
        place = places.get(row.key) or Place()
        out, err = place.out, place.err
        if row.tag != BUILD:
            runs += 1
            if runs > MOST_RUNS:
                break
            log = output.folder(run_root / row.key)
            start = (out, err) if after else _near_end(log)
            followed = journal.follow(log, start, READ)
            out, err = followed.ends
            lines += [LogLine(at=_moment(e.at, row.start_time), stream=e.stream, text=e.text) for e in followed.entries]
        own = _own_words(row)
        lines += own[place.said :]
        now_at[row.key] = Place(out, err, max(place.said, len(own)))
    lines.sort(key=lambda line: line.at)
    return Read(lines[-MOST_LINES:], _write(now_at))


def _near_end(log: Path) -> tuple[int, int]:
    first, second = (max(0, output.size(log, stream) - READ) for stream in output.STREAMS)
    return first, second


def _moment(at: float, otherwise: datetime) -> datetime:
    """A time an app may have written into its own folder, if it is one."""
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise


def _own_words(row: Instance) -> list[LogLine]:
    """What the server itself says of a run or a build: one line at its beginning, one at its end."""
    build, number = row.tag == BUILD, row.bundle_id
    begins = "Preparing" if build else "Rendering" if row.tag in RENDERINGS else "Starting"
    said = [LogLine(at=row.start_time, stream="tabard", text=f"{begins} version {number}")]
    if row.end_time is not None:
        said.append(LogLine(at=row.end_time, stream="tabard", text=_ending(row, build=build)))
    return said


def _ending(row: Instance, *, build: bool) -> str:
    number, error = row.bundle_id, row.error or ""
    if build:
        return f"Version {number} could not be prepared: {error}" if failed(row) else f"Version {number} is prepared"
    if row.tag in RENDERINGS:
        return f"Version {number} could not be rendered: {error}" if error else f"Version {number} is rendered"
    if failed(row) and row.exit_code is None:
        return f"Version {number} did not start"
    return f"Version {number} has ended: {error}" if error else f"Version {number} has ended"
