"""Notebooks shown as apps by Voila: every viewer has a kernel of her own, told at its start who she is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runners.contract import LaunchSpec
from runners.kinds.entrypoint import EntrypointProblem, resolve
from runners.kinds.kind import IDENTITY_HEADERS, Kind, ProxyTraits, interpreter

# A page that is closed says so and ends its kernel; this is for those that cannot.
_CULL_SECONDS = 300


def locate(code: Path, entrypoint: str) -> Path:
    """The notebook, or the folder with all of them when the entry point is empty. Raises EntrypointProblem."""
    if not entrypoint:
        return code
    found = resolve(code, entrypoint)
    if found.suffix != ".ipynb":
        raise EntrypointProblem(f"The entry point {entrypoint!r} is no notebook; name a file that ends in .ipynb.")
    return found


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list. Options win over a bundle's own voila.json.

    The kernel finds the headers of the page it was started for as HTTP_* variables (RFC 3875 section 4.1.18).
    """
    base = f"{spec.base_path}/"
    return [
        *(*interpreter(spec), "-m", "voila", str(locate(spec.code, spec.entrypoint)), "--no-browser"),
        *("--Voila.ip=127.0.0.1", f"--port={port}", "--Voila.port_retries=0"),
        *(f"--Voila.base_url={base}", f"--Voila.server_url={base}", "--Voila.autoreload=False"),
        *("--VoilaConfiguration.preheat_kernel=False",),
        *(f"--VoilaConfiguration.http_header_envs={name}" for name in IDENTITY_HEADERS),
        *("--MappingKernelManager.cull_interval=60", f"--MappingKernelManager.cull_idle_timeout={_CULL_SECONDS}"),
    ]


def variables(spec: LaunchSpec) -> Mapping[str, str]:
    """Jupyter's own files stay with the instance, whatever the notebook's folder holds."""
    return {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_PLATFORM_DIRS": "1"}


def ready(spec: LaunchSpec) -> str:
    """A file of Voila's own (releases before 0.5 do not have it, and say so): the page would run the notebook."""
    return f"{spec.base_path}/voila/static/favicon.ico"


KIND = Kind(
    app_mode="jupyter-voila",
    label="Voilà",
    family="interactive",
    required="",
    adds=("voila", "ipykernel"),
    command=command,
    variables=variables,
    ready=ready,
    ready_method="HEAD",
    ready_below=500,
    locate=locate,
    traits=ProxyTraits(keeps_base_path=True, websocket_paths=("/api/kernels/*/channels",)),
    default_entrypoints=("",),
)
