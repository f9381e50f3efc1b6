"""Apps that are an object in a module: served by `runners/launcher.py` on the content's own interpreter."""

from __future__ import annotations

from pathlib import Path

from runners.contract import LaunchSpec
from runners.kinds.kind import interpreter

LAUNCHER = Path(__file__).parents[1] / "launcher.py"
READY = "/__ready__"


def command(spec: LaunchSpec, how: str, port: int) -> list[str]:
    """The argument list for one of the launcher's ways to serve ("wsgi", "asgi", ...)."""
    return [
        *interpreter(spec),
        *(str(LAUNCHER), how, "--code", str(spec.code), "--entry", spec.entrypoint.removeprefix("./")),
        *("--port", str(port), "--base", spec.base_path),
    ]


def ready(_spec: LaunchSpec) -> str:
    """Answered by the launcher once the app has been imported; it runs none of its code."""
    return READY
