"""The table of who may call what, who_may_call.txt: reads it, asks the server, writes it.

`python -m tests.unit.server.who_may_call` writes what the server answers now. Look at the difference before you
commit it: each changed cell is somebody who may do something, or no longer may.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from server.api import api_routes
from server.web.routes import Route
from tests.unit.server.house import CALLERS, House, open_house
from tests.unit.server.samples import World

FILE = Path(__file__).with_suffix(".txt")
HEADING = """\
# Who may call which route, by sending what would succeed if they may. A call of 2xx is one that they may make.
#
# viewer, publisher, collaborator, owner and administrator are people, by their API keys; the viewer and the
# collaborator are on the item's list, the publisher is not. app is the item's running app with its own key.
# Sessions are the owner's, groups too; keys are the caller's own; other people are neither.
"""
Table = dict[str, dict[str, str]]


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def cell(status: int) -> str:
    return "2xx" if 200 <= status < 300 else str(status)


def read() -> Table:
    """The table that is checked in."""
    found: Table = {}
    for line in FILE.read_text().splitlines():
        if line and not line.startswith(("#", "route ")):
            method, path, *cells = line.split()
            found[f"{method} {path}"] = dict(zip(CALLERS, cells, strict=True))
    return found


def write(table: Table) -> None:
    """Check in `table`."""
    # Wide enough for what may come, so that one long path does not move every line.
    width = max(90, *(len(route) + 2 for route in table))
    lines = ["route".ljust(width) + "  ".join(CALLERS)]
    for route in sorted(table, key=lambda route: (route.split()[1], route)):
        cells = "  ".join(table[route][caller].ljust(len(caller)) for caller in CALLERS)
        lines.append((route.ljust(width) + cells).rstrip())
    FILE.write_text(HEADING + "\n" + "\n".join(lines) + "\n")


async def ask(house: House, routes: list[Route], expected: Table) -> Table:
    """What everybody is answered at each route. A call that is expected to succeed gets a world of its own."""
    house.fill()
    shared = {caller: World(house, caller, house.item()) for caller in CALLERS}
    found: Table = {}
    for route in routes:
        cells = found[name(route)] = {}
        for caller in CALLERS:
            known = expected.get(name(route), {}).get(caller, "2xx")
            world = shared[caller]
            if route.method != "GET" and known == "2xx" and "{" in route.path:
                # Only what is done to an item of content needs another one.
                item = (
                    house.item()
                    if re.search("/(content|applications|variants|schedules)/{", route.path)
                    else world.item
                )
                world = World(house, caller, item)
            path, terms = await world.path(route), await world.terms(route)
            reply = await house.call(caller, route.method, path, world.item, **terms)
            cells[caller] = cell(reply.status_code)
    return found


async def now(folder: Path, expected: Table) -> Table:
    """What a server answers now."""
    async with open_house(folder) as house:
        return await ask(house, api_routes(house.services), expected)


def by_words(table: Table) -> dict[str, str]:
    """The table as one line a route, for a readable difference."""
    return {route: re.sub(r"[{}',]", "", str(cells)) for route, cells in sorted(table.items())}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        write(asyncio.run(now(Path(made), read() if FILE.exists() else {})))
