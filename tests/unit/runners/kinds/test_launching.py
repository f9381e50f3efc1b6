"""The launcher runs isolated, is told of one app, and is found where it is."""

from __future__ import annotations

from collections.abc import Callable

from runners import launcher
from runners.contract import LaunchSpec
from runners.kinds import launching


def test_command(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec("python-api")
    line = launching.command(spec, "wsgi", 4001)
    assert line[:5] == [str(spec.environment.python), "-I", "-u", str(launching.LAUNCHER), "wsgi"]
    assert line[5:] == ["--code", str(spec.code), "--entry", "app", "--port", "4001", "--base", "/content/g"]
    assert launching.LAUNCHER.samefile(launcher.__file__)


def test_ready_is_the_launchers_own(make_spec: Callable[..., LaunchSpec]) -> None:
    assert launching.ready(make_spec("python-api")) == launching.READY == launcher.READY
