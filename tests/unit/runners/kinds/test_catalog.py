"""Kinds are found by the name the wire uses."""

from __future__ import annotations

from runners.kinds.catalog import KINDS, by_mode


def test_by_mode() -> None:
    assert [by_mode(kind.app_mode) for kind in KINDS] == list(KINDS)
    assert by_mode("nodejs") is None


def test_kinds_are_told_apart() -> None:
    assert len({kind.app_mode for kind in KINDS}) == len({kind.label for kind in KINDS}) == len(KINDS)
