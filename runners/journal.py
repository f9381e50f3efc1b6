"""When each stretch of an app's output appeared: a small record beside the two files an app writes raw.

An app writes straight into its files, so that it outlives the gateway; the gateway notes their sizes with the time
twice a second, and a line's time is that of the first note that covers it.
"""

from __future__ import annotations

import bisect
import os
import time
from dataclasses import dataclass
from pathlib import Path

from runners import output
from runners.output import STREAMS, Stream

_FILE = "journal"
_READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One line an app printed: when (seconds since the epoch), on which stream, and what."""

    at: float
    stream: Stream
    text: str


@dataclass(frozen=True, slots=True)
class Followed:
    """Lines in the order they appeared, and the byte offsets (stdout, stderr) from which the next ones follow."""

    entries: list[Entry]
    ends: tuple[int, int]


class Journal:
    """Notes one instance's output as it grows, and keeps its files below a limit."""

    def __init__(self, log: Path, limit: int = 10 * 1024 * 1024) -> None:
        """`limit` is in bytes for each stream; a file that passes it is emptied."""
        self._log = log
        self._limit = limit
        self._noted: tuple[int, ...] | None = None

    def note(self) -> None:
        """Write down the sizes, if they changed since the last note."""
        sizes = tuple(output.size(self._log, stream) for stream in STREAMS)
        if sizes == self._noted:
            return
        emptied = self._noted is not None and any(new < old for new, old in zip(sizes, self._noted, strict=True))
        self._noted = sizes
        _write(self._log, f"{time.time():.3f} {sizes[0]} {sizes[1]}\n", afresh=emptied)
        if max(sizes) > self._limit:
            output.trim(self._log, self._limit)


def entries(log: Path, limit: int = 1000) -> list[Entry]:
    """The last `limit` lines of an instance in the order they appeared; within one note, stdout comes first."""
    sizes = [output.size(log, stream) for stream in STREAMS]
    return follow(log, (max(0, sizes[0] - _READ), max(0, sizes[1] - _READ)), _READ).entries[-limit:]


def follow(log: Path, start: tuple[int, int], limit: int = _READ) -> Followed:
    """The lines after `start` (byte offsets of both streams), at most `limit` bytes of each stream."""
    notes = _read(log)
    found: list[Entry] = []
    ends: list[int] = []
    for column, stream in enumerate(STREAMS, start=1):
        sizes = [int(note[column]) for note in notes]
        chunk = output.read(log, stream, start[column - 1], limit)
        ends.append(chunk.next_offset)
        now = output.changed(log, stream)
        for text, line_end in zip(chunk.lines, chunk.ends, strict=True):
            place = bisect.bisect_left(sizes, line_end)
            found.append(Entry(notes[place][0] if place < len(notes) else now, stream, text))
    return Followed(sorted(found, key=lambda entry: entry.at), (ends[0], ends[1]))


def _write(log: Path, line: str, *, afresh: bool) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(log / _FILE, flags | (os.O_TRUNC if afresh else 0), 0o600)
    except OSError:
        return  # the instance's folder is gone, or the app put something else there
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def _read(log: Path) -> list[tuple[float, int, int]]:
    """Every note, oldest first; sizes never shrink from one to the next, whatever an app wrote into the file."""
    try:
        descriptor = os.open(log / _FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    with open(descriptor, "rb") as file:
        lines = file.read(_READ).splitlines()
    notes: list[tuple[float, int, int]] = []
    for line in lines:
        try:
            at, out, err = line.split()
            note = (float(at), int(out), int(err))
        except ValueError:
            continue
        if not notes or (note[1] >= notes[-1][1] and note[2] >= notes[-1][2]):
            notes.append(note)
    return notes
