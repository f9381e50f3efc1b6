"""Entry points are compiled, never run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runners.contract import BuiltEnvironment
from runners.environments.syntax import check_syntax


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n", None),
        ("x = 1\n\ndef (:\n", "app.py, line 3: "),
        ("\0", "app.py, line 1: "),
        ("raise SystemExit(1)", None),
    ],
)
async def test_check(tmp_path: Path, text: str, says: str | None) -> None:
    file = tmp_path / "app.py"
    file.write_text(text)
    environment = BuiltEnvironment(tmp_path, Path(sys.executable), "3.11.7", "0")
    problem = await check_syntax(environment, file)
    assert (problem or "").startswith(says or "")
    assert (problem is None) == (says is None)
    assert await check_syntax(environment, tmp_path / "book.ipynb") is None
