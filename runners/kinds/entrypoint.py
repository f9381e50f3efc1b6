"""Finds the file a bundle starts from: a file name, or a module name as the clients write it (B-07)."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

_DOCUMENTS = (".py", ".ipynb", ".qmd", ".md", ".rmd", ".r")
_MODULE = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*")
_OBJECT = re.compile(r"[A-Za-z_]\w*")


class EntrypointProblem(Exception):
    """The entry point cannot be used; the text is one sentence for the publisher."""


def resolve(code: Path, entrypoint: str) -> Path:
    """The regular file inside `code` that an entry point names.

    Accepts "app.py", "pages/app.py", "app", "package.app", "app:obj" and "app.py:obj". Raises EntrypointProblem
    for options, absolute paths, "..", links and what is missing.
    """
    name = entrypoint.removeprefix("./")
    if not name:
        raise EntrypointProblem("The manifest names no entry point; publish again and name the app's file.")
    if name.startswith("-"):
        raise EntrypointProblem(f"The entry point {entrypoint!r} is an option, not a file; name the app's file.")
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or not name.isprintable():
        raise EntrypointProblem(f"The entry point {entrypoint!r} is not a path inside the bundle.")
    file, colon, wanted = name.rpartition(":")
    if colon and _OBJECT.fullmatch(wanted):
        name = file
    candidates = [name]
    if not name.lower().endswith(_DOCUMENTS) and _MODULE.fullmatch(name):
        module = name.replace(".", "/")
        candidates = [f"{module}.py", f"{module}/__init__.py"]
    for candidate in candidates:
        if _regular(code, candidate):
            return code / candidate
    raise EntrypointProblem(f"The bundle has no file {candidates[0]!r}, which its manifest names as entry point.")


def _regular(code: Path, name: str) -> bool:
    """Whether every folder on the way is a real folder and the end a regular file; links count as missing."""
    here = code
    *folders, _ = parts = [part for part in name.split("/") if part not in ("", ".")] or [""]
    for depth, part in enumerate(parts):
        here = here / part
        try:
            mode = os.lstat(here).st_mode
        except (OSError, ValueError):
            return False
        wanted = stat.S_ISDIR(mode) if depth < len(folders) else stat.S_ISREG(mode)
        if not wanted:
            return False
    return True
