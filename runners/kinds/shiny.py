"""Shiny for Python apps, core and express; not to be confused with R's `shiny` content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from runners.contract import LaunchSpec
from runners.kinds import launching
from runners.kinds.entrypoint import EntrypointProblem, resolve
from runners.kinds.kind import Kind, ProxyTraits

# How the clients name an express app: the file behind it, with everything but letters and digits as _hex_.
EXPRESS = "shiny.express.app:"
_ESCAPED = re.compile(r"_([0-9a-f]{1,5})_")


def locate(code: Path, entrypoint: str) -> Path:
    """The file an entry point names, express ones unescaped. Raises EntrypointProblem."""
    if not entrypoint.startswith(EXPRESS):
        return resolve(code, entrypoint)
    name = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), entrypoint.removeprefix(EXPRESS))
    if not name.endswith(".py"):
        raise EntrypointProblem(f"The entry point {entrypoint!r} names no Python file.")
    return resolve(code, name)


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list."""
    locate(spec.code, spec.entrypoint)
    return launching.command(spec, "shiny", port)


def variables(_spec: LaunchSpec) -> Mapping[str, str]:
    """Nothing: Shiny's pages are relative to wherever they are."""
    return {}


KIND = Kind(
    app_mode="python-shiny",
    label="Shiny",
    family="interactive",
    required="shiny",
    command=command,
    variables=variables,
    ready=launching.ready,
    locate=locate,
    traits=ProxyTraits(
        keeps_base_path=False,
        websocket_paths=("/websocket/",),
        strip_headers=("Shiny-Server-Credentials", "RStudio-Connect-Credentials"),
        closed_paths=(launching.READY,),
        credentials_header="Shiny-Server-Credentials",
    ),
)
