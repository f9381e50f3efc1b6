"""What a kind finds on this machine: a program and a package of its library, used as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from runners import tools
from runners.contract import BuiltEnvironment
from runners.environments import installer
from runners.environments.store import EnvironmentFailed

_LOOK = 'cat(as.character(getRversion()), as.character(packageVersion(commandArgs(TRUE)[[1]])), "\\n")'


async def r_library(package: str, find: Callable[[str], Path | None] = tools.find) -> BuiltEnvironment:
    """R with `package` in its library. Raises EnvironmentFailed naming what this server lacks."""
    program = find("Rscript")
    if program is None:
        raise EnvironmentFailed("This server has no Rscript, which R content needs. The version is kept.")
    code, lines = await installer.run(
        [str(program), "--vanilla", "-e", _LOOK, package],
        folder=Path("/"),
        variables={"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        report=lambda line: None,
        timeout=60,
    )
    words = lines[-1].split() if lines else []
    if code != 0 or len(words) != 2:
        raise EnvironmentFailed(
            f"This server has R, but not its package {package}, which this content needs. The version is kept.",
            "\n".join(lines),
        )
    version, installed = words
    return BuiltEnvironment(program.parent, program, version, "", {package: installed}, managed=False)
