"""Gradio reports nothing, shares nothing and knows its place."""

from __future__ import annotations

from collections.abc import Callable

from runners.contract import LaunchSpec
from runners.kinds.gradio import KIND


def test_launched(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode)
    line = KIND.command(spec, 4001)
    assert KIND.app_mode == "python-gradio"
    assert line[4] == "gradio"
    assert line[-4:] == ["--port", "4001", "--base", "/content/g"]
    assert "/__ready__" in KIND.traits.closed_paths
    assert not KIND.traits.keeps_base_path


def test_keeps_to_itself(make_spec: Callable[..., LaunchSpec]) -> None:
    given = KIND.variables(make_spec(KIND.app_mode))
    assert given["GRADIO_ANALYTICS_ENABLED"] == given["GRADIO_SHARE"] == "False"
    assert given["GRADIO_ROOT_PATH"] == "/content/g"
    assert KIND.ready(make_spec(KIND.app_mode)) == "/"
