"""Voila's launch line: one notebook or all of them, with each viewer's headers for her kernel only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from runners.contract import LaunchSpec
from runners.kinds.entrypoint import EntrypointProblem
from runners.kinds.voila import KIND, locate


def test_command(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode)
    (spec.code / "a.ipynb").write_text("{}")
    line = KIND.command(replace(spec, entrypoint="a.ipynb"), 4001)
    assert line[1:6] == ["-I", "-u", "-m", "voila", str(spec.code / "a.ipynb")]
    assert {"--Voila.ip=127.0.0.1", "--port=4001", "--Voila.base_url=/content/g/"} <= set(line)
    assert "--VoilaConfiguration.http_header_envs=Posit-Connect-User-Session-Token" in line
    assert "--VoilaConfiguration.preheat_kernel=False" in line
    assert KIND.ready(spec).startswith("/content/g/voila/static/")
    assert KIND.ready_below == 500, "releases before 0.5 answer 403 there, which says that they serve"


def test_a_folder_of_notebooks(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = replace(make_spec(KIND.app_mode), entrypoint="")
    assert KIND.command(spec, 1)[5] == str(spec.code)


def test_only_notebooks(make_spec: Callable[..., LaunchSpec]) -> None:
    with pytest.raises(EntrypointProblem, match="is no notebook"):
        locate(make_spec(KIND.app_mode).code, "app.py")


def test_brings_a_kernel(make_spec: Callable[..., LaunchSpec]) -> None:
    assert KIND.adds == ("voila", "ipykernel")
    assert "JUPYTER_CONFIG_DIR" not in KIND.variables(make_spec(KIND.app_mode))
