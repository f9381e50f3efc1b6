"""R's library is used as it is found, and what it lacks is said. R is a script here."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.environments.store import EnvironmentFailed
from runners.environments.system import r_library

FAKE_R = """#!/bin/sh
for last; do :; done
if [ "$last" = shiny ]; then echo "4.2.2 1.7.4 "; else echo "there is no package called $last" >&2; exit 1; fi
"""


@pytest.fixture
def r(tmp_path: Path) -> Path:
    script = tmp_path / "Rscript"
    script.write_text(FAKE_R)
    script.chmod(0o755)
    return script


async def test_found(r: Path) -> None:
    found = await r_library("shiny", lambda _name: r)
    assert (found.python, found.version, found.packages) == (r, "4.2.2", {"shiny": "1.7.4"})
    assert not found.managed


async def test_what_is_missing(r: Path) -> None:
    with pytest.raises(EnvironmentFailed, match="has R, but not its package plumber") as caught:
        await r_library("plumber", lambda _name: r)
    assert "no package called plumber" in caught.value.output
    with pytest.raises(EnvironmentFailed, match="has no Rscript"):
        await r_library("shiny", lambda _name: None)
