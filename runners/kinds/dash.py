"""Dash apps, served by waitress like any Flask app."""

from __future__ import annotations

from collections.abc import Mapping

from runners.contract import LaunchSpec
from runners.kinds import launching
from runners.kinds.kind import Kind, ProxyTraits


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list. The entry point names the Dash object or its Flask server."""
    return launching.command(spec, "dash", port)


def variables(spec: LaunchSpec) -> Mapping[str, str]:
    """Routes at the root, where the requests arrive, and pages that ask below the base path.

    Not DASH_URL_BASE_PATHNAME: routes that an app adds to its Flask server would lie outside it.
    """
    return {"DASH_ROUTES_PATHNAME_PREFIX": "/", "DASH_REQUESTS_PATHNAME_PREFIX": f"{spec.base_path}/"}


KIND = Kind(
    app_mode="python-dash",
    label="Dash",
    family="interactive",
    required="dash",
    adds=("waitress",),
    command=command,
    variables=variables,
    ready=launching.ready,
    traits=ProxyTraits(keeps_base_path=False, websocket_paths=(), closed_paths=(launching.READY,)),
    default_entrypoints=("app.py", "main.py", "application.py"),
)
