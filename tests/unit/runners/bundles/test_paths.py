"""Paths are plain and relative, and no two of them mean the same file."""

from __future__ import annotations

import pytest

from runners.bundles.paths import Names, parts
from runners.bundles.refusal import BundleRefused, Limits


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("app.py", ("app.py",)),
        ("./a/./b//c", ("a", "b", "c")),
        ("folder/", ("folder",)),
        (".", ()),
        ("./", ()),
        ("a:b", None),
    ],
)
def test_parts(name: str, found: tuple[str, ...] | None) -> None:
    if found is None:
        with pytest.raises(BundleRefused):
            parts(name, Limits())
    else:
        assert parts(name, Limits()) == found


def test_folders_may_come_twice_and_late() -> None:
    names = Names()
    names.add(("a", "b.py"), folder=False)
    names.add(("a",), folder=True)
    names.add(("a",), folder=True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("ﬁle.py",), ("file.py",)),
        (("STRASSE",), ("straße",)),
        (("A", "x"), ("a", "y")),
        (("x",), ("x",)),
        (("x",), ("x", "y")),
    ],
)
def test_collisions(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    names = Names()
    names.add(first, folder=False)
    with pytest.raises(BundleRefused):
        names.add(second, folder=False)
