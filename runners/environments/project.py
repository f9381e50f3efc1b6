"""Reads the name and the dependencies of a pyproject.toml, in a process of its own with limits.

Python's TOML parser takes memory that grows with the square of a dotted key's length: a file of 60 KB can ask for
gigabytes, which must not be the server's.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from runners.environments import installer
from runners.environments.package_files import PackageFile, PackageFileProblem

SECONDS = 20.0
_MEMORY = 512 * 1024 * 1024
_READ = """
import json, resource, sys, tomllib
source, target, memory, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
said = None
try:
    with open(source, 'rb') as file:
        document = tomllib.load(file)
except tomllib.TOMLDecodeError as error:
    said = f'is not TOML ({error}).'[:300]
except (MemoryError, RecursionError, ValueError):
    said = 'holds keys, lists or numbers that are too long or too deep; keep it to what the app needs.'
answer = {'said': said}
if said is None:
    project = document.get('project')
    if isinstance(project, dict):
        dynamic, lines, name = project.get('dynamic'), project.get('dependencies', []), project.get('name')
        plain = isinstance(lines, list) and all(isinstance(line, str) and '\\n' not in line for line in lines)
        answer['name'] = name if isinstance(name, str) else ''
        answer['lines'] = lines if plain else None
        answer['dynamic'] = isinstance(dynamic, list) and 'dependencies' in dynamic
    else:
        answer['said'] = "has no [project] table; list the app's packages in its dependencies."
with open(target, 'w') as file:
    json.dump(answer, file)
"""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?")


async def dependencies(file: PackageFile) -> str:
    """The dependencies of a project as a requirements file (PEP 621). Raises PackageFileProblem."""
    found = await _read(file.text, file.name)
    if found["dynamic"]:
        raise PackageFileProblem(
            f"{file.name} says that its dependencies are dynamic; list them there, or write a lock file."
        )
    if found["lines"] is None:
        raise PackageFileProblem(f"{file.name} must list its project.dependencies as texts.")
    return "".join(f"{line}\n" for line in found["lines"])


async def identity(text: str, name: str) -> str:
    """Of the pyproject.toml `name` what goes with a lock file: a pyproject.toml that says the project's name only.

    All else could lead its reader to other places of this machine. Raises PackageFileProblem.
    """
    found = (await _read(text, name))["name"]
    if not _NAME.fullmatch(found):
        raise PackageFileProblem(f"{name} does not give the project a name of letters, digits, dots and hyphens.")
    return f'[project]\nname = "{found}"\nversion = "0"\n'


async def _read(text: str, name: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tabard-project-") as made:
        source, target = Path(made) / "project.toml", Path(made) / "out.json"
        await asyncio.to_thread(source.write_text, text, "utf-8")
        limits = [str(_MEMORY), str(int(SECONDS / 2))]
        code, _lines = await installer.run(
            [sys.executable, "-I", "-S", "-c", _READ, str(source), str(target), *limits],
            folder=Path(made),
            variables={"LANG": "C.UTF-8"},
            report=lambda _line: None,
            timeout=SECONDS,
        )
        if code != 0:
            raise PackageFileProblem(f"{name} takes too long to read; keep it to what the app needs.")
        answer: dict[str, Any] = json.loads(await asyncio.to_thread(target.read_text, "utf-8"))
    if answer["said"]:
        raise PackageFileProblem(f"{name} {answer['said']}")
    return answer
