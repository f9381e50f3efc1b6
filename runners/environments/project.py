"""Reads the dependencies of a pyproject.toml, in a process of its own with limits.

Python's TOML parser takes memory that grows with the square of a dotted key's length: a file of 60 KB can ask for
gigabytes, which must not be the server's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

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
found = []
if said is None:
    project = document.get('project')
    if not isinstance(project, dict):
        said = "has no [project] table; list the app's packages in its dependencies."
    elif isinstance(project.get('dynamic'), list) and 'dependencies' in project['dynamic']:
        said = 'says that its dependencies are dynamic; list them there, or write a lock file.'
    else:
        found = project.get('dependencies', [])
        if not isinstance(found, list) or not all(isinstance(line, str) and '\\n' not in line for line in found):
            said = 'must list its project.dependencies as texts.'
with open(target, 'w') as file:
    json.dump({'said': said} if said else {'lines': found}, file)
"""


async def dependencies(file: PackageFile) -> str:
    """The dependencies of a project as a requirements file (PEP 621). Raises PackageFileProblem."""
    with tempfile.TemporaryDirectory(prefix="tabard-project-") as made:
        source, target = Path(made) / "project.toml", Path(made) / "out.json"
        await asyncio.to_thread(source.write_text, file.text, "utf-8")
        limits = [str(_MEMORY), str(int(SECONDS / 2))]
        code, _lines = await installer.run(
            [sys.executable, "-I", "-S", "-c", _READ, str(source), str(target), *limits],
            folder=Path(made),
            variables={"LANG": "C.UTF-8"},
            report=lambda _line: None,
            timeout=SECONDS,
        )
        if code != 0:
            raise PackageFileProblem(f"{file.name} takes too long to read; keep it to what the app needs.")
        answer = json.loads(await asyncio.to_thread(target.read_text, "utf-8"))
    if "said" in answer:
        raise PackageFileProblem(f"{file.name} {answer['said']}")
    return "".join(f"{line}\n" for line in answer["lines"])
