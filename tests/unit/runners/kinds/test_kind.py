"""What all kinds share: an isolated interpreter and the origins as browsers write them."""

from __future__ import annotations

from collections.abc import Callable

from runners.contract import LaunchSpec
from runners.kinds.kind import interpreter, netlocs


def test_shared(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec("python-panel", origins=("http://localhost:3939", "https://[::1]", "https://apps.example.org"))
    assert netlocs(spec) == ["localhost:3939", "[::1]", "apps.example.org"]
    assert interpreter(spec) == [str(spec.environment.python), "-I", "-u"]
