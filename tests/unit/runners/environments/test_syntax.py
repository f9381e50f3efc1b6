"""Entry points are compiled and their imports looked for; nothing is run."""

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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import json, os.path\nfrom pathlib import Path\n", None),
        ("import mine\nfrom own.part import x\n", None),
        ("import json\nimport no_such_package.sub as x\n", "app.py, line 2: it imports no_such_package, which neither"),
        ("from no_such_package import x\n", "app.py, line 1: it imports no_such_package"),
        ("try:\n    import no_such_package\nexcept ImportError:\n    pass\n", None),
        ("from . import sibling\n", None),
        ("def f():\n    import no_such_package\n", None),
    ],
)
async def test_imports_are_found_without_running_them(tmp_path: Path, text: str, says: str | None) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('this ran')\n")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").write_text("raise SystemExit('this ran')\n")
    pages = tmp_path / "pages"
    pages.mkdir()
    file = pages / "app.py"
    file.write_text(text)
    environment = BuiltEnvironment(tmp_path, Path(sys.executable), "3.11.7", "0")
    problem = await check_syntax(environment, file, tmp_path)
    assert (problem or "").startswith(says or "")
    assert (problem is None) == (says is None)
