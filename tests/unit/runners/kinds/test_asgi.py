"""FastAPI and its kin are served by what the server brings, with sockets anywhere."""

from __future__ import annotations

from collections.abc import Callable

from runners.contract import LaunchSpec
from runners.kinds.asgi import KIND


def test_launched(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode)
    line = KIND.command(spec, 4001)
    assert KIND.app_mode == "python-fastapi"
    assert line[4] == "asgi"
    assert line[-4:] == ["--port", "4001", "--base", "/content/g"]
    assert "/__ready__" in KIND.traits.closed_paths
    assert not KIND.traits.keeps_base_path


def test_brings_its_server(make_spec: Callable[..., LaunchSpec]) -> None:
    assert KIND.required == ""
    assert KIND.adds == ("uvicorn", "wsproto")
    assert KIND.variables(make_spec(KIND.app_mode)) == {}
