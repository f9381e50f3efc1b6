"""FastAPI and any other ASGI app, served by uvicorn (docs/decisions/0022)."""

from __future__ import annotations

from collections.abc import Mapping

from runners.contract import LaunchSpec
from runners.kinds import launching
from runners.kinds.kind import Kind, ProxyTraits


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list. The base path becomes the scope's root_path, which /docs and `url_for` read."""
    return launching.command(spec, "asgi", port)


def variables(_spec: LaunchSpec) -> Mapping[str, str]:
    """Nothing: ASGI apps are told of each request, not of their place."""
    return {}


KIND = Kind(
    app_mode="python-fastapi",
    label="FastAPI",
    family="interactive",
    required="",
    # wsproto, not websockets: it works with every uvicorn a publisher may have pinned, and is only used where the
    # publisher brings no websockets.
    adds=("uvicorn", "wsproto"),
    command=command,
    variables=variables,
    ready=launching.ready,
    traits=ProxyTraits(keeps_base_path=False, websocket_paths=("*",), closed_paths=(launching.READY,)),
    default_entrypoints=("app.py", "main.py", "api.py", "application.py"),
)
