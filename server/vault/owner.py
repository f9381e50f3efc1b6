"""Names this engine as the holder of a refresh lease, and tells whether another holder still lives."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def _place() -> str:
    """This boot of this machine in this PID namespace; empty where /proc does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}.{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _start(pid: int) -> str | None:
    """The process's start time in clock ticks, which tells it from a later process of the same number."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]


def new_owner() -> str:
    """A name for one engine: place, process, start time and a random part."""
    return f"{_place()}|{os.getpid()}|{_start(os.getpid()) or ''}|{secrets.token_hex(6)}"


def is_dead(owner: str | None) -> bool:
    """Whether the holder certainly runs no more: a process of this very boot and namespace that has ended.

    Anything that cannot be told counts as alive; its lease then ends by time.
    """
    place, _, rest = (owner or "").partition("|")
    pid, _, rest = rest.partition("|")
    start = rest.partition("|")[0]
    if not place or place != _place() or not pid.isdigit() or not start:
        return False
    return _start(int(pid)) != start
