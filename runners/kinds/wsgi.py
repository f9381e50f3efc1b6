"""Flask and any other WSGI app, served by waitress (PEP 3333; docs/decisions/0022)."""

from __future__ import annotations

from collections.abc import Mapping

from runners.contract import LaunchSpec
from runners.kinds import launching
from runners.kinds.kind import Kind, ProxyTraits


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list. The base path becomes SCRIPT_NAME, so `url_for` needs no ProxyFix."""
    return launching.command(spec, "wsgi", port)


def variables(_spec: LaunchSpec) -> Mapping[str, str]:
    """Nothing: WSGI apps are told of each request, not of their place."""
    return {}


KIND = Kind(
    app_mode="python-api",
    label="Python API",
    family="interactive",
    required="",
    adds=("waitress",),
    command=command,
    variables=variables,
    ready=launching.ready,
    traits=ProxyTraits(keeps_base_path=False, websocket_paths=(), closed_paths=(launching.READY,)),
    default_entrypoints=("app.py", "api.py", "application.py", "main.py"),
)
