"""What a process has used, from /proc: CPU time and memory (proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU time in seconds, of the process alone, and resident memory in bytes."""

    cpu_seconds: float
    memory: int


def measure(pid: int, start_ticks: int) -> Measured | None:
    """What exactly this process has used so far, or None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()  # the command's name may hold anything, even brackets
    if int(fields[19]) != start_ticks:
        return None
    return Measured((int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE)
