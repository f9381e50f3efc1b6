"""A job's output as it comes, as server-sent events (WHATWG HTML section 9.2): one log entry each, until it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from runners import journal
from server.instances.wire import log_entry

PAUSE = 0.5
LONGEST = 3600.0
# Without news, a comment keeps proxies from taking the connection for dead.
QUIET = 15.0


async def events(
    log: Path, running: Callable[[], Awaitable[bool]], *, pause: float = PAUSE, longest: float | None = None
) -> AsyncIterator[bytes]:
    """The lines of `log` (a folder of runners.output) from its beginning, while `running()`; then `event: end`.

    `running` is asked before each look, so that what was printed last is sent too.
    """
    loop = asyncio.get_running_loop()
    place, spoken = (0, 0), loop.time()
    until = spoken + (LONGEST if longest is None else longest)
    more = True
    while more and loop.time() < until:
        more = await running()
        found = await asyncio.to_thread(journal.follow, log, place)
        moved, place = found.ends != place, found.ends
        if found.entries:
            yield "".join(f"data: {json.dumps(log_entry(entry))}\n\n" for entry in found.entries).encode()
            spoken = loop.time()
        elif loop.time() - spoken > QUIET:
            yield b": still running\n\n"
            spoken = loop.time()
        if moved:
            more = True
        elif more:
            await asyncio.sleep(pause)
    yield b"event: end\ndata: {}\n\n"
