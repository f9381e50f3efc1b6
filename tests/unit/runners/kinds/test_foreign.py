"""What cannot be run is refused in one sentence that names what is missing."""

from __future__ import annotations

import pytest

from runners.kinds import catalog
from runners.kinds.foreign import FOREIGN, why_not


def nothing(_program: str) -> None:
    """No program is installed."""


@pytest.mark.parametrize("mode", sorted(FOREIGN))
def test_names_what_is_missing(mode: str) -> None:
    label, program = FOREIGN[mode]
    known = catalog.by_mode(mode)
    assert known is None or known.tool == program, "what the catalog has needs its program all the same"
    assert (
        why_not(mode, nothing)
        == f"This server cannot deploy {label} content ({mode}): it has no {program}. The version is kept."
    )
    assert why_not(mode, lambda name: f"/usr/bin/{name}").startswith(f"This server does not run {label} content")


def test_unheard_of() -> None:
    assert why_not("python-next", nothing) == "This server does not know 'python-next' content."
