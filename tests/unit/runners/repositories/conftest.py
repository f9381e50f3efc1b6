"""A repository, and git as the server runs it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runners.repositories.program import Git
from runners.tools import find
from tests.harness.git import Origin


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin")


@pytest.fixture
async def make_git(tmp_path: Path) -> Callable[..., Git]:
    program = find("git")
    assert program is not None, "install git: tools/ensure_programs.py"

    def make(**changes: Any) -> Git:
        home = tmp_path / f"home{len(list(tmp_path.iterdir()))}"
        home.mkdir()
        terms = {
            "program": program,
            "home": home,
            "protocols": ("file",),
            "deadline": asyncio.get_running_loop().time() + 30,
            "file_bytes": 10_000_000,
            "variables": {},
        }
        return Git(**{**terms, **changes})

    return make
