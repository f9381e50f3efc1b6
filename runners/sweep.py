"""Ends what an earlier gateway left running: instances it recorded, and those it had no time to record."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from pathlib import Path

from runners import process
from runners.contract import Endpoint, Handle
from runners.ending import end_family
from runners.output import folder


async def end_recorded(handles: Iterable[Handle], grace: float = 5.0) -> None:
    """End recorded instances that are still the same processes; a reused pid is never signalled (R-03)."""
    await asyncio.gather(*(end_family(handle, grace) for handle in handles))


async def end_strays(run_root: Path, keep: Collection[str], grace: float = 5.0) -> list[str]:
    """End every instance that runs below `run_root` and whose key is not in `keep`; returns the keys ended.

    Only processes that carry an instance's marker and whose HOME lies below `run_root` count, so that another
    server on this machine is left alone. Call it before starting anything.
    """
    strays: dict[str, Handle] = {}
    for member, environment in process.marked():
        key = environment[process.MARKER]
        home = Path(environment.get("HOME", "/"))
        if key not in keep and run_root in home.parents:
            handle = Handle(key, member.pid, member.start_ticks, Endpoint("127.0.0.1", 0), folder(home.parent))
            strays.setdefault(key, handle)
    await end_recorded(strays.values(), grace)
    return sorted(strays)
