"""What an app printed: two files per instance, in a folder the gateway reads without trusting what is in it."""

from __future__ import annotations

import itertools
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Stream = Literal["stdout", "stderr"]
STREAMS: tuple[Stream, Stream] = ("stdout", "stderr")
MAX_LINE = 16 * 1024
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines of one stream from a byte offset on, where each ends, and the offset to ask from next."""

    stream: Stream
    lines: tuple[str, ...]
    ends: tuple[int, ...]
    next_offset: int


def folder(run_dir: Path) -> Path:
    """Where an instance's output is kept."""
    return run_dir / "log"


def create(run_dir: Path) -> tuple[int, int]:
    """Make the folder and open both files for appending; the caller closes the two descriptors."""
    place = folder(run_dir)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    out = os.open(place / "stdout", flags, 0o600)
    try:
        return out, os.open(place / "stderr", flags, 0o600)
    except OSError:
        os.close(out)
        raise


def read(log: Path, stream: Stream, offset: int = 0, limit: int = 256 * 1024) -> Chunk:
    """Lines of a stream from `offset` (bytes), at most `limit` bytes. An unfinished last line is left for later.

    A file that shrank (the log was cut) is read from its beginning. Control characters are kept out, so that a
    line can never be more than a line.
    """
    descriptor = _open(log, stream)
    if descriptor is None:
        return Chunk(stream, (), (), 0)
    try:
        size = os.fstat(descriptor).st_size
        start = offset if 0 <= offset <= size else 0
        data = os.pread(descriptor, limit, start)
    finally:
        os.close(descriptor)
    end = data.rfind(b"\n") + 1
    if end == 0 and len(data) >= min(limit, MAX_LINE):
        end = len(data)
    raw = data[:end].splitlines(keepends=True)
    ends = tuple(itertools.accumulate((len(line) for line in raw), initial=start))[1:]
    return Chunk(stream, tuple(_clean(line.rstrip(b"\r\n")) for line in raw), ends, start + end)


def size(log: Path, stream: Stream) -> int:
    """How many bytes a stream's file holds."""
    status = _status(log, stream)
    return status.st_size if status else 0


def changed(log: Path, stream: Stream) -> float:
    """When a stream was last written to, in seconds since the epoch."""
    status = _status(log, stream)
    return status.st_mtime if status else 0.0


def tail(log: Path, lines: int = 40) -> str:
    """The last lines of both streams, stderr last, as text for a publisher."""
    texts = []
    for stream in STREAMS:
        descriptor = _open(log, stream)
        if descriptor is None:
            continue
        try:
            size = os.fstat(descriptor).st_size
            data = os.pread(descriptor, 64 * 1024, max(0, size - 64 * 1024))
        finally:
            os.close(descriptor)
        texts += [_clean(line) for line in data.splitlines()[-lines:]]
    return "\n".join(texts)


def trim(log: Path, limit: int) -> bool:
    """Empty a stream's file that grew past `limit` bytes; the app appends, so it writes on from the beginning.

    Returns whether anything was cut.
    """
    cut = False
    for stream in STREAMS:
        descriptor = _open(log, stream, os.O_RDWR)
        if descriptor is None:
            continue
        try:
            if os.fstat(descriptor).st_size > limit:
                os.ftruncate(descriptor, 0)
                cut = True
        finally:
            os.close(descriptor)
    return cut


def _open(log: Path, stream: Stream, mode: int = os.O_RDONLY) -> int | None:
    """The stream's file, if it is one regular file with one name: an app may not hand us another (I-14)."""
    try:
        descriptor = os.open(log / stream, mode | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        return descriptor
    os.close(descriptor)
    return None


def _status(log: Path, stream: Stream) -> os.stat_result | None:
    try:
        return os.lstat(log / stream)
    except OSError:
        return None


def _clean(line: bytes) -> str:
    text = _ANSI.sub("", line[:MAX_LINE].decode("utf-8", "replace"))
    return "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in text)
