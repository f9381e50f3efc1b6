"""Names a gateway as the owner of what it runs (instances, tasks, leases), and tells what a dead one has left."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from sqlmodel import Session


def _place() -> str:
    """This boot of this machine in this PID namespace; empty where /proc does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}.{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _start(pid: int) -> str | None:
    """The process's start time in clock ticks, which tells it from a later process of the same number.

    None for a process that is gone, or has ended and only waits for its parent to ask how.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def new_owner(home: str = "") -> str:
    """A name for one engine: place, process, start time, a random part, and its data directory's own name."""
    return f"{_place()}|{os.getpid()}|{_start(os.getpid()) or ''}|{secrets.token_hex(6)}|{home}"


def owner_of(session: Session) -> str:
    """The gateway whose session this is."""
    return str(session.info["owner"])


def _home(owner: str) -> str:
    return (owner.split("|") + [""] * 5)[4]


def is_dead(owner: str | None) -> bool:
    """Whether the holder certainly runs no more: a process of this very boot and namespace that has ended.

    Anything that cannot be told counts as alive; its lease then ends by time.
    """
    return _runs(owner or "") is False


def _runs(owner: str) -> bool | None:
    """Whether that process runs; None where this machine, boot and namespace cannot know."""
    place, pid, start = (owner.split("|") + [""] * 3)[:3]
    if not place or place != _place() or not pid.isdigit() or not start:
        return None
    return _start(int(pid)) == start


def left_behind(owners: Iterable[str | None], me: str) -> list[str | None]:
    """Those of these owners whose things a gateway that starts as `me` has to end.

    They are those before it in the same data directory, those that are certainly dead, and None: what was
    written before there were owners. Another owner that runs on this machine is never among them.
    """
    return [owner for owner in set(owners) if owner in (None, me) or _left(str(owner), me)]


def _left(owner: str, me: str) -> bool:
    runs = _runs(owner)
    if runs is not None:
        return not runs
    return bool(_home(owner)) and _home(owner) == _home(me)
