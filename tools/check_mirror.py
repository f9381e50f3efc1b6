"""Holds the mirror: every module that does something has a unit test file of the same name, in the same folder.

Prints the modules without one and leaves with 1 if there are any. A module that only names things (constants,
dataclasses, protocols) does nothing that a test could hold, so it needs none; neither do tables and migrations.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("server", "runners", "integrations", "dashboard")
TESTS = Path("tests/unit")
TABLES = Path("server/db/models")


def modules(root: Path) -> Iterator[Path]:
    """Every module's path, relative to `root`, that is neither a package's opening, a table nor a migration."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            module = path.relative_to(root)
            if module.name != "__init__.py" and "migrations" not in module.parts and TABLES not in module.parents:
                yield module


def does_something(source: str) -> bool:
    """Whether some function, method or property has a body beyond a docstring, `pass` or `...`."""
    functions = (
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return any(not _is_empty(statement) for function in functions for statement in function.body)


def _is_empty(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return False
    return statement.value.value is ... or isinstance(statement.value.value, str)


def mirror(module: Path) -> Path:
    """Where the module's tests belong: `server/web/site.py` has `tests/unit/server/web/test_site.py`."""
    return TESTS / module.parent / f"test_{module.name}"


def missing(root: Path) -> list[Path]:
    """The modules that do something and have no test file of their own."""
    return [
        module
        for module in modules(root)
        if not (root / mirror(module)).is_file() and does_something((root / module).read_text(encoding="utf-8"))
    ]


def main() -> int:
    """Prints what is missing; 1 if anything is."""
    found = missing(Path(__file__).parent.parent)
    for module in found:
        print(f"{module}: has no tests of its own; write {mirror(module)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
