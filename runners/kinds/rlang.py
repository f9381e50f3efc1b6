"""Shiny for R and Plumber APIs, where the machine has R and the package: both run with the system's R library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runners.contract import LaunchSpec
from runners.kinds.entrypoint import resolve
from runners.kinds.kind import Kind, ProxyTraits

LAUNCHER = Path(__file__).parents[1] / "launcher.R"
_READY = "/__ready__"


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list. `--vanilla` keeps profiles out, the user's and the bundle's."""
    how = "shiny" if spec.kind == SHINY.app_mode else "plumber"
    file = resolve(spec.code, spec.entrypoint)
    return [str(spec.environment.python), "--vanilla", str(LAUNCHER), how, str(file), str(port), spec.base_path]


def variables(_spec: LaunchSpec) -> Mapping[str, str]:
    """Nothing."""
    return {}


def _shiny_ready(_spec: LaunchSpec) -> str:
    """A file of Shiny's own: the page may be a function of the publisher's."""
    return "/shared/shiny.min.js"


def _plumber_ready(_spec: LaunchSpec) -> str:
    return _READY


SHINY = Kind(
    app_mode="shiny",
    label="Shiny for R",
    family="interactive",
    required="shiny",
    language="r",
    tool="Rscript",
    command=command,
    variables=variables,
    ready=_shiny_ready,
    traits=ProxyTraits(
        keeps_base_path=False,
        websocket_paths=("/websocket/",),
        strip_headers=("Shiny-Server-Credentials",),
        credentials_header="Shiny-Server-Credentials",
    ),
    default_entrypoints=("app.R", "server.R", "app.r"),
)
PLUMBER = Kind(
    app_mode="api",
    label="Plumber API",
    family="interactive",
    required="plumber",
    language="r",
    tool="Rscript",
    command=command,
    variables=variables,
    ready=_plumber_ready,
    traits=ProxyTraits(keeps_base_path=False, websocket_paths=(), closed_paths=(_READY,)),
    default_entrypoints=("plumber.R", "entrypoint.R", "api.R"),
)
