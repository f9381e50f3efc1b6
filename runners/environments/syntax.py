"""Compiles an entry point with the content's own interpreter, without running it."""

from __future__ import annotations

from pathlib import Path

from runners.contract import BuiltEnvironment
from runners.environments import installer

_COMPILE = """
import sys
try:
    with open(sys.argv[1], 'rb') as file:
        compile(file.read(), sys.argv[1], 'exec', dont_inherit=True)
except SyntaxError as error:
    print(error.lineno or 1, error.msg)
except ValueError as error:
    print(1, error)
"""


async def check_syntax(environment: BuiltEnvironment, file: Path) -> str | None:
    """None when `file` compiles, else "app.py, line 3: invalid syntax"."""
    if file.suffix != ".py":
        return None
    _, lines = await installer.run(
        [str(environment.python), "-I", "-S", "-W", "ignore", "-c", _COMPILE, str(file)],
        folder=environment.root,
        variables={"LANG": "C.UTF-8"},
        report=lambda line: None,
        timeout=30,
    )
    if not lines:
        return None
    number, _, message = lines[-1].partition(" ")
    return f"{file.name}, line {number}: {message}"
