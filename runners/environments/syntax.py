"""Looks at an entry point with the content's interpreter, without running it: it compiles, its imports are there."""

from __future__ import annotations

from pathlib import Path

from runners.contract import BuiltEnvironment
from runners.environments import installer

# Only imports that run whenever the file does are looked at: one inside `try` or `if` may be meant to fail.
# Finding a top-level module runs none of its code.
_LOOK = """
import ast, importlib.util, sys
path, folders = sys.argv[1], sys.argv[2:]
try:
    with open(path, 'rb') as file:
        text = file.read()
    compile(text, path, 'exec', dont_inherit=True)
    tree = ast.parse(text)
except SyntaxError as error:
    print(error.lineno or 1, error.msg)
    sys.exit()
except ValueError as error:
    print(1, error)
    sys.exit()
sys.path[:0] = folders
for node in tree.body:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        names = [node.module]
    else:
        continue
    for name in names:
        top = name.partition('.')[0]
        try:
            found = top in sys.modules or importlib.util.find_spec(top) is not None
        except (ImportError, ValueError):
            found = False
        if not found:
            print(node.lineno, 'it imports ' + top + ', which neither the bundle nor its requirements bring')
            sys.exit()
"""


async def check_syntax(environment: BuiltEnvironment, file: Path, *folders: Path) -> str | None:
    """None when `file` compiles and what it imports is there, else "app.py, line 3: invalid syntax".

    `folders` are where the app's own modules are looked for, beside the environment's packages.
    """
    if file.suffix != ".py":
        return None
    _, lines = await installer.run(
        [str(environment.python), "-I", "-W", "ignore", "-c", _LOOK, str(file), *map(str, (file.parent, *folders))],
        folder=environment.root,
        variables={"LANG": "C.UTF-8"},
        report=lambda line: None,
        timeout=30,
    )
    if not lines:
        return None
    number, _, message = lines[-1].partition(" ")
    return f"{file.name}, line {number}: {message}"
