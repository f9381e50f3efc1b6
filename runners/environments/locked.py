"""Reads a uv.lock: uv writes it as a requirements file, without the network and without running anything of it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

from runners.environments import installer, project
from runners.environments.package_files import PROJECT, UV_LOCK, PackageFile, text_of

SECONDS = 60.0


class LockProblem(Exception):
    """uv cannot read it; the text is one sentence for the publisher, `output` what uv said."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.message, self.output = message, output


async def requirements(file: PackageFile, uv: Path, variables: Mapping[str, str]) -> str:
    """The packages of a uv.lock as a requirements file with hashes.

    uv gets only the lock file and the name in the pyproject.toml beside it, in a folder of their own. Raises
    LockProblem, and PackageFileProblem where there is no pyproject.toml or none with a name.
    """
    text = await asyncio.to_thread(text_of, file.folder / PROJECT, PROJECT)
    own = await project.identity(text, PROJECT)
    with tempfile.TemporaryDirectory(prefix="tabard-lock-") as made:
        folder = Path(made)
        (folder / PROJECT).write_text(own, "utf-8")
        (folder / UV_LOCK).write_text(file.text, "utf-8")
        line = [str(uv), "export", "--frozen", "--offline", "--no-config", "--no-dev", "--no-emit-workspace"]
        line += ["--no-header", "--no-annotate", "--color", "never", "--output-file", str(folder / "out.txt")]
        code, lines = await installer.run(
            line, folder=folder, variables=variables, report=lambda _line: None, timeout=SECONDS
        )
        if code != 0:
            raise LockProblem("uv.lock cannot be read; write it again with `uv lock`.", "\n".join(lines))
        return (folder / "out.txt").read_text("utf-8")
