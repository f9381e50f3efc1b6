"""R's kinds are run by a script of ours, with no profile, below nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from runners.contract import LaunchSpec
from runners.kinds.kind import Kind
from runners.kinds.rlang import LAUNCHER, PLUMBER, SHINY, command


@pytest.mark.parametrize(("kind", "how", "file"), [(SHINY, "shiny", "app.R"), (PLUMBER, "plumber", "plumber.R")])
def test_command(make_spec: Callable[..., LaunchSpec], kind: Kind, how: str, file: str) -> None:
    spec = replace(make_spec(kind.app_mode), entrypoint=file)
    (spec.code / file).write_text("")
    line = command(spec, 4001)
    assert line == [
        *(str(spec.environment.python), "--vanilla", str(LAUNCHER), how),
        *(str(spec.code / file), "4001", "/content/g"),
    ]
    assert kind.default_entrypoints[0] == file
    assert (kind.language, kind.required) == ("r", how)
    assert kind.variables(spec) == {}


def test_asked_without_the_publishers_code(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(SHINY.app_mode)
    assert SHINY.ready(spec) == "/shared/shiny.min.js"
    assert PLUMBER.ready(spec) in PLUMBER.traits.closed_paths
    assert f'"{PLUMBER.ready(spec)}"' in LAUNCHER.read_text()
