"""A bundle gets the interpreter nearest to what it was made with, inside what it requires."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runners.environments.interpreters import Interpreter, NoInterpreter, choose, discover

HAVE = [Interpreter(v, Path(f"/py/{v}")) for v in ("3.11.7", "3.13.0", "3.12.1", "3.11.2", "3.9.18")]


@pytest.mark.parametrize(
    ("wanted", "requires", "version"),
    [
        ("3.11.2", None, "3.11.2"),
        ("3.11.9", None, "3.11.7"),
        ("3.11", None, "3.11.7"),
        ("3.10.4", None, "3.11.7"),
        ("3.12.8", None, "3.12.1"),
        ("3.14.1", None, "3.13.0"),
        ("2.7.18", None, "3.13.0"),
        (None, None, "3.11.7"),
        (None, ">=3.12", "3.13.0"),
        ("3.11.7", ">=3.12", "3.12.1"),
        ("3.11.7", "~=3.9.0", "3.9.18"),
        ("3.9.18", ">=3.9,<3.12", "3.9.18"),
        (None, "==3.12.*", "3.12.1"),
    ],
)
def test_choose(wanted: str | None, requires: str | None, version: str) -> None:
    assert choose(HAVE, wanted, requires).version == version


@pytest.mark.parametrize(
    ("wanted", "requires", "says"),
    [
        (None, ">=4", "No Python >=4 on this server; it has 3.11.7"),
        (None, "latest", "not a version specifier"),
        ("new", None, "not a version"),
        (None, ">=" + "9" * 5000, "not a version specifier"),
        (None, ">=3," * 1000, "not a version specifier"),
        ("9" * 5000, None, "not a version"),
    ],
)
def test_problems(wanted: str | None, requires: str | None, says: str) -> None:
    with pytest.raises(NoInterpreter, match=says):
        choose(HAVE, wanted, requires)


def test_none_at_all() -> None:
    with pytest.raises(NoInterpreter, match="it has none"):
        choose([], "3.11", None)


def test_discover_begins_with_our_own() -> None:
    found = discover()
    assert found[0].version == ".".join(map(str, sys.version_info[:3]))
    assert len({one.path for one in found}) == len(found)
    assert all(one.path.is_absolute() and not one.path.is_symlink() for one in found)
