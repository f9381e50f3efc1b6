"""Holds the size budgets of docs/architecture.md: module and function length, and the names no room may have."""

from __future__ import annotations

import ast
import statistics
import sys
from pathlib import Path

PACKAGES = ("server", "runners", "integrations", "dashboard")
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
MODULE_LINES = 400
FUNCTION_LINES = 60
FUNCTION_P90 = 30


def functions(tree: ast.AST) -> list[tuple[str, int]]:
    """Every function of a module with its length in lines, docstring not counted."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body
            has_doc = ast.get_docstring(node) is not None
            start = body[0].end_lineno if has_doc and len(body) > 1 else node.lineno - 1
            found.append((node.name, (node.end_lineno or node.lineno) - (start or node.lineno)))
    return found


def main() -> int:
    problems: list[str] = []
    lengths: list[int] = []
    modules: list[int] = []
    for package in PACKAGES:
        for path in sorted(Path(package).rglob("*.py")):
            if "migrations/versions" in path.as_posix():
                continue
            text = path.read_text()
            count = text.count("\n")
            modules.append(count)
            if count >= MODULE_LINES:
                problems.append(f"{path}: {count} lines; a module stays under {MODULE_LINES}")
            if path.stem in FORBIDDEN or path.parent.name in FORBIDDEN:
                problems.append(f"{path}: '{path.stem}' says nothing; name the noun or verb it owns")
            tree = ast.parse(text)
            if not ast.get_docstring(tree):
                problems.append(f"{path}: opens without a sentence saying what it owns")
            for name, length in functions(tree):
                lengths.append(length)
                if length > FUNCTION_LINES:
                    problems.append(f"{path}: {name}() has {length} lines; the limit is {FUNCTION_LINES}")
    if len(lengths) >= 10:
        p90 = statistics.quantiles(lengths, n=10)[8]
        print(
            f"{len(modules)} modules, median {statistics.median(modules):.0f} lines; "
            f"{len(lengths)} functions, p90 {p90:.0f} lines"
        )
        if p90 > FUNCTION_P90:
            problems.append(f"function length p90 is {p90:.0f} lines; the budget is {FUNCTION_P90}")
    print("\n".join(problems) or "budgets hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
