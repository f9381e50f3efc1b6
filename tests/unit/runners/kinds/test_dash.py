"""Dash asks below the base path and answers at the root."""

from __future__ import annotations

from collections.abc import Callable

from runners.contract import LaunchSpec
from runners.kinds.dash import KIND


def test_launched(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode)
    line = KIND.command(spec, 4001)
    assert KIND.app_mode == "python-dash"
    assert line[4] == "dash"
    assert line[-4:] == ["--port", "4001", "--base", "/content/g"]
    assert "/__ready__" in KIND.traits.closed_paths
    assert not KIND.traits.keeps_base_path


def test_prefixes(make_spec: Callable[..., LaunchSpec]) -> None:
    here = KIND.variables(make_spec(KIND.app_mode))
    assert here == {"DASH_ROUTES_PATHNAME_PREFIX": "/", "DASH_REQUESTS_PATHNAME_PREFIX": "/content/g/"}
    own_host = KIND.variables(make_spec(KIND.app_mode, base=""))
    assert own_host["DASH_REQUESTS_PATHNAME_PREFIX"] == "/"
