"""A house on a socket, and schemathesis asking it everything that its description promises."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from server.api import api_routes
from server.discovery.api import VERSION
from server.web.openapi import document
from tests.harness.gateway import until
from tests.unit.server.house import House, open_house

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
PROGRAM = Path(sys.executable).parent / "schemathesis"


@dataclass
class Street:
    """A house that answers on `origin`."""

    house: House
    origin: str


@contextmanager
def open_street(folder: Path) -> Iterator[Street]:
    """Serve a house from a thread."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    ready, ended, found = threading.Event(), threading.Event(), list[House]()

    async def live() -> None:
        async with open_house(folder, port=port) as house:
            app = house.app
            config = uvicorn.Config(
                app.asgi, http=app.http, ws=app.ws, lifespan="off", log_config=None, access_log=False
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            found.append(house)
            ready.set()
            await asyncio.to_thread(ended.wait)
            server.should_exit = True
            await serving

    thread = threading.Thread(target=asyncio.run, args=(live(),), name="street")
    thread.start()
    try:
        until(lambda: ready.is_set() or not thread.is_alive(), "the house to open")
        yield Street(found[0], f"http://localhost:{port}")
    finally:
        ended.set()
        thread.join(30)
        listener.close()


def describe(street: Street, file: Path) -> Path:
    """The description, as a file."""
    routes = [route for route in api_routes(street.house.services) if route.says is not None]
    file.write_text(json.dumps(document(routes, version=VERSION, server=f"{street.origin}/__api__")))
    return file


def configure(file: Path, description: Path, values: dict[str, dict[str, list[Any]]]) -> Path:
    """The checked-in configuration, with values that exist: paths (as an expression) to parameters to values.

    A route that says which well-formed requests it refuses with 400 (`Says.refuses`) is excused from accepting all.
    """
    lines, rules = [CONFIGURATION.read_text()], list[str]()
    for place, named in values.items():
        bound = []
        for name, found in named.items():
            lines.append(f"[dictionaries.d{len(lines)}]\nvalues = {json.dumps(found)}\n")
            bound.append(f'"{name}" = {{ dictionary = "d{len(lines) - 1}", probability = 0.7 }}')
        rules.append(f"[[operations]]\ninclude-path-regex = {json.dumps(place)}\n[operations.parameters]\n")
        rules += [line + "\n" for line in bound]
    for path in json.loads(description.read_text())["paths"].values():
        for operation in path.values():
            if "x-refuses" in operation:
                rules.append(f'[[operations]]\ninclude-operation-id = "{operation["operationId"]}"\n')
                rules.append("[operations.checks.positive_data_acceptance]\n")
                rules.append('expected-statuses = ["2xx", "400", "401", "403", "404", "409"]\n')
    file.write_text("".join(lines + rules))
    return file


def ask(description: Path, configuration: Path, key: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with an API key."""
    command = [str(PROGRAM), "--config-file", str(configuration), "run", str(description)]
    command += ["--url", json.loads(description.read_text())["servers"][0]["url"]]
    command += ["-H", f"Authorization: Key {key}", "--no-color", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=description.parent)
