"""Kinds without a process: none can be started, and each says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runners.contract import LaunchSpec
from runners.kinds import still
from runners.kinds.catalog import KINDS
from runners.kinds.entrypoint import EntrypointProblem


def test_there_is_nothing_to_launch(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec("static")
    with pytest.raises(EntrypointProblem, match="runs no process of its own"):
        still.command(spec, 5000)
    assert still.variables(spec) == {}
    assert still.ready(spec) == f"{spec.base_path}/"


def test_families() -> None:
    assert [still.is_still(family) for family in ("static", "rendered", "interactive")] == [True, True, False]
    assert {kind.family for kind in KINDS} <= {"static", "rendered", "interactive"}
    for kind in KINDS:
        assert (kind.command is still.command) == still.is_still(kind.family)
