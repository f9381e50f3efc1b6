"""Ends every process of an instance: politely for a while, then surely, and never anybody else's."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterable

from runners import process
from runners.contract import Handle

_LAST_RESORT = 5.0
_STEP = 0.02
_KILL_ROUND = 0.2


async def end_family(handle: Handle, grace: float) -> None:
    """TERM to all, `grace` seconds, then KILL until none is left; a process that KILL cannot end is given up on.

    /proc is read once a round; in between only the members' own pidfds are asked.
    """
    polite_until = time.monotonic() + grace
    give_up = polite_until + _LAST_RESORT
    told: set[tuple[int, int]] = set()
    while members := process.family(handle.key, handle.pid, handle.start_ticks):
        now = time.monotonic()
        if now >= give_up:
            return
        if now >= polite_until:
            process.send(members, signal.SIGKILL)
            await _until_ended(members, now + _KILL_ROUND)
        else:
            process.send((one for one in members if one.identity not in told), signal.SIGTERM)
            told.update(one.identity for one in members)
            await _until_ended(members, polite_until)


async def _until_ended(members: Iterable[process.ProcessStat], deadline: float) -> None:
    opened = [process.open_exact(one.pid, one.start_ticks) for one in members]
    watched = [descriptor for descriptor in opened if descriptor is not None]
    try:
        while time.monotonic() < deadline and not all(process.has_ended(one) for one in watched):
            await asyncio.sleep(_STEP)
    finally:
        for descriptor in watched:
            os.close(descriptor)
