"""Room on the disk that is kept for what must not be lost: tokens that a provider has just issued (security.md R-11).

A file beside SQLite's holds it. Nothing is asked of a provider that could not be stored: the file has to be there.
When a commit then finds the disk full, the file gives way to it. PostgreSQL keeps its own disk.
"""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path

log = logging.getLogger("tabard.disk")
# Enough for some dozens of commits.
BYTES = 2 * 1024 * 1024


class Reserve:
    """The room beside one SQLite file; without a path there is always room."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def ready(self) -> bool:
        """Whether the room is there, taken again if it had to be given away. False: the disk is full. Blocks."""
        if self._path is None or self._path.exists():
            return True
        # Several threads may find it missing at once, each with a file of its own.
        fresh = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, BYTES)
            finally:
                os.close(handle)
            fresh.rename(self._path)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            log.error("no room for new tokens beside the database (%s): free disk space", error.strerror)
            return False
        return True

    def give(self) -> bool:
        """Let the room go, for a commit that needs it. Returns whether there was any."""
        if self._path is None:
            return False
        try:
            self._path.unlink()
        except OSError:
            return False
        log.error("the disk is full: the room kept for new tokens is used up for them")
        return True
