"""Gradio apps, launched with the terms their script asks for, but where and how this server wants them."""

from __future__ import annotations

from collections.abc import Mapping

from runners.contract import LaunchSpec
from runners.kinds import launching
from runners.kinds.kind import Kind, ProxyTraits


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list. The entry point names the Blocks object; without a name `demo`, or what was launched."""
    return launching.command(spec, "gradio", port)


def variables(spec: LaunchSpec) -> Mapping[str, str]:
    """Nothing is reported or shared elsewhere, and pages find the app below its base path."""
    return {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_SHARE": "False",
        "GRADIO_SSR_MODE": "False",
        "GRADIO_NUM_WORKERS": "0",
        "GRADIO_ROOT_PATH": spec.base_path,
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def ready(_spec: LaunchSpec) -> str:
    """The page: Gradio serves it from the app's description and runs none of its functions for it."""
    return "/"


KIND = Kind(
    app_mode="python-gradio",
    label="Gradio",
    family="interactive",
    required="gradio",
    command=command,
    variables=variables,
    ready=ready,
    ready_method="HEAD",
    traits=ProxyTraits(
        keeps_base_path=False,
        websocket_paths=(),
        closed_paths=(launching.READY, "/monitoring", "/gradio_api/monitoring"),
    ),
    default_entrypoints=("app.py", "main.py", "application.py"),
)
