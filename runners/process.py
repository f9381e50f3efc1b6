"""Processes by identity: which one this is, who belongs to it, what it listens on, and signals that cannot stray.

A process is named by (pid, start ticks), and is signalled only through a pidfd whose identity was checked after it
was opened. Everything an instance starts inherits a marker variable, so daemons that leave its session are found.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MARKER = "TABARD_INSTANCE"
_LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """The fields of /proc/<pid>/stat that name a process (proc(5))."""

    pid: int
    state: str
    group: int
    session: int
    start_ticks: int

    @property
    def identity(self) -> tuple[int, int]:
        """What no other process ever has: the pid and the start ticks."""
        return self.pid, self.start_ticks

    @property
    def ended(self) -> bool:
        """True for a zombie: it runs nothing any more, whoever reaps it."""
        return self.state in "ZX"


def inspect(pid: int) -> ProcessStat | None:
    """What /proc says about a pid, or None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()  # the command's name may hold anything, even brackets
    return ProcessStat(pid, fields[0], int(fields[2]), int(fields[3]), int(fields[19]))


def runs(pid: int, start_ticks: int) -> bool:
    """Whether exactly this process still runs (R-03)."""
    found = inspect(pid)
    return found is not None and found.start_ticks == start_ticks and not found.ended


def open_exact(pid: int, start_ticks: int) -> int | None:
    """A pidfd of exactly this process, or None when it is gone; the caller closes it."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    found = inspect(pid)
    if found is None or found.start_ticks != start_ticks:
        os.close(descriptor)
        return None
    return descriptor


def family(key: str, leader: int, start_ticks: int) -> list[ProcessStat]:
    """Every living process of an instance: its session while the leader is itself, and whoever has its marker."""
    head = inspect(leader)
    trusted = head is not None and head.start_ticks == start_ticks
    marker = f"\0{MARKER}={key}\0".encode()
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or (stat := inspect(int(entry))) is None or stat.ended:
            continue
        ours = trusted and leader in (stat.session, stat.group)
        if ours or marker in _environment(stat.pid):
            found.append(stat)
    return found


def marked() -> list[tuple[ProcessStat, dict[str, str]]]:
    """Every living process that carries an instance's marker, with the environment it was started with."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or f"\0{MARKER}=".encode() not in (raw := _environment(int(entry))):
            continue
        stat = inspect(int(entry))
        if stat is not None and not stat.ended:
            pairs = (item.partition(b"=") for item in raw.split(b"\0"))
            found.append((stat, {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}))
    return found


def send(members: Iterable[ProcessStat], number: signal.Signals) -> None:
    """Signal each process through a pidfd; those that are gone, or whose pid is somebody else's now, are skipped."""
    for member in members:
        descriptor = open_exact(member.pid, member.start_ticks)
        if descriptor is None:
            continue
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(descriptor)


def has_ended(descriptor: int) -> bool:
    """Whether the process behind a pidfd has ended."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(0))


def reap(pid: int) -> int | None:
    """Collect a child of ours that ended: its exit code (negative: the signal), or None when it is not ours."""
    try:
        done, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if done else None


def listens(members: Iterable[ProcessStat], port: int) -> bool:
    """Whether these processes, and nobody else, own the listening TCP socket on 127.0.0.1:`port` (G-29)."""
    wanted = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not wanted:
        return False
    return wanted <= set().union(*(_open_files(member.pid) for member in members))


def is_listened(port: int) -> bool:
    """Whether anybody listens on 127.0.0.1:`port`."""
    return bool(_listening_inodes(port))


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        address, _, number = fields[1].partition(":")
        if fields[3] == _LISTEN and int(number, 16) == port and address in ("0100007F", "7F000001"):
            found.add(fields[9])
    return found


def _open_files(pid: int) -> set[str]:
    folder = f"/proc/{pid}/fd"
    found: set[str] = set()
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        try:
            found.add(os.readlink(f"{folder}/{name}"))
        except OSError:
            continue  # closed meanwhile
    return found


def _environment(pid: int) -> bytes:
    try:
        return b"\0" + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
