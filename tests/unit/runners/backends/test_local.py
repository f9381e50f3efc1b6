"""How an app ended is told in a sentence; the rest of the local back end is in tests/conformance."""

from __future__ import annotations

import pytest

from runners.backends.local import describe


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (-9, "out of memory"),
        (-11, "ended by SIGSEGV"),
        (None, "The app ended."),
    ],
)
def test_describe(code: int | None, says: str) -> None:
    assert says in describe(code)
