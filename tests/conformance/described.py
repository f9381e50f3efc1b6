"""A house on a socket, and schemathesis asking it everything that its description promises."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from server.api import api_routes
from server.discovery.api import VERSION
from server.web.openapi import document, name_of, says
from server.web.routes import Route
from tests.harness.gateway import until
from tests.unit.server.house import House, open_house
from tests.unit.server.samples import World

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
Result = TypeVar("Result")
ACCEPTED_OR_REFUSED = '["2xx", "3xx", "400", "401", "403", "404", "409"]'
# How many of each thing there are.
WORLDS = 3
PROGRAM = Path(sys.executable).parent / "schemathesis"


@dataclass
class Street:
    """A house that answers on `origin`."""

    house: House
    origin: str
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do something on the house's own event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)


@contextmanager
def open_street(folder: Path) -> Iterator[Street]:
    """Serve a house from a thread."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    ready, ended, found = threading.Event(), threading.Event(), list[Street]()

    async def live() -> None:
        async with open_house(folder, port=port) as house:
            app = house.app
            config = uvicorn.Config(
                app.asgi, http=app.http, ws=app.ws, lifespan="off", log_config=None, access_log=False
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            found.append(Street(house, f"http://localhost:{port}", asyncio.get_running_loop()))
            ready.set()
            await asyncio.to_thread(ended.wait)
            server.should_exit = True
            await serving

    thread = threading.Thread(target=asyncio.run, args=(live(),), name="street")
    thread.start()
    try:
        until(lambda: ready.is_set() or not thread.is_alive(), "the house to open")
        yield found[0]
    finally:
        ended.set()
        thread.join(30)
        listener.close()


def describe(street: Street, file: Path) -> Path:
    """The description, as a file."""
    made = document(api_routes(street.house.services), version=VERSION, server=f"{street.origin}/__api__")
    file.write_text(json.dumps(made))
    return file


async def known(house: House, caller: str, route: Route) -> dict[str, list[Any]]:
    """Values that exist for what a call of the route names: `path.guid`, `body.tag_id`."""
    found: dict[str, list[Any]] = {}
    for _ in range(WORLDS):
        world = World(house, caller, house.item())
        path, body = await world.path(route), (await world.terms(route)).get("json")
        match = route.pattern.match(path)
        assert match is not None
        named = {f"path.{name}": value for name, value in match.groupdict().items()}
        if isinstance(body, dict):
            named |= {f"body.{key}": value for key, value in body.items() if key.endswith(("_id", "_guid")) and value}
        for name, value in named.items():
            found.setdefault(name, []).append(int(value) if name == "path.id" and says(route).path is None else value)
    return found


def configure(file: Path, street: Street, caller: str) -> Path:
    """The checked-in configuration, with values that exist for each operation.

    A route that says which well-formed requests it refuses with 400 (`Says.refuses`) is excused from accepting all.
    """
    top, rules, number = [CONFIGURATION.read_text()], list[str](), 0
    for route in api_routes(street.house.services):
        bound = []
        for name, values in street.run(known(street.house, caller, route)).items():
            number += 1
            top.append(f"[dictionaries.d{number}]\nvalues = {json.dumps(values)}\n")
            bound.append(f'"{name}" = {{ dictionary = "d{number}", probability = 0.7 }}\n')
        own = ["[operations.parameters]\n", *bound] if bound else []
        if says(route).refuses:
            own += ["[operations.checks.positive_data_acceptance]\n", f"expected-statuses = {ACCEPTED_OR_REFUSED}\n"]
        if own:
            rules += [f'[[operations]]\ninclude-operation-id = "{name_of(route)}"\n', *own]
    file.write_text("".join(top + rules))
    return file


def ask(description: Path, configuration: Path, key: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with an API key."""
    command = [str(PROGRAM), "--config-file", str(configuration), "run", str(description)]
    command += ["--url", json.loads(description.read_text())["servers"][0]["url"]]
    command += ["-H", f"Authorization: Key {key}", "--no-color", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=description.parent)
