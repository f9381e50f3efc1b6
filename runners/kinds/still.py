"""What kinds without a living process have in place of a launch line: the gateway serves their files itself."""

from __future__ import annotations

from collections.abc import Mapping

from runners.contract import LaunchSpec
from runners.kinds.entrypoint import EntrypointProblem
from runners.kinds.kind import ProxyTraits

STATIC, RENDERED = "static", "rendered"
TRAITS = ProxyTraits(keeps_base_path=True, websocket_paths=())


def is_still(family: str) -> bool:
    """Whether content of this family is served as files, without a process that answers visits."""
    return family in (STATIC, RENDERED)


def command(spec: LaunchSpec, _port: int) -> list[str]:
    """There is none. Raises EntrypointProblem, which a runner answers as a failed start."""
    raise EntrypointProblem(f"{spec.kind} content runs no process of its own; its files are served as they are.")


def variables(_spec: LaunchSpec) -> Mapping[str, str]:
    """None."""
    return {}


def ready(spec: LaunchSpec) -> str:
    """The content's own address."""
    return f"{spec.base_path}/"
