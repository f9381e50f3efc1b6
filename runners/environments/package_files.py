"""The packages a bundle asks for, whatever file lists them: requirements, a lock file of uv, a pyproject.toml."""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_BYTES = 1024 * 1024
PROJECT, UV_LOCK = "pyproject.toml", "uv.lock"


class PackageFileProblem(Exception):
    """The file cannot be used; the text is one sentence for the publisher."""


@dataclass(frozen=True)
class PackageFile:
    """A file's text, and the folder it lies in. `locked` is true where only uv can read it."""

    name: str
    text: str
    folder: Path

    @property
    def locked(self) -> bool:
        """Whether it is a uv.lock."""
        return Path(self.name).name == UV_LOCK

    @property
    def requirements(self) -> str:
        """The text as a requirements file, for all but a uv.lock. Raises PackageFileProblem."""
        return _dependencies(self.text, self.name) if Path(self.name).name == PROJECT else self.text


def read(code: Path, name: str) -> PackageFile:
    """The file `name`, which the manifest names, of the bundle in `code`. Raises PackageFileProblem."""
    parts = name.split("/")
    bad = name.startswith("/") or "\\" in name or any(part in ("", ".", "..") for part in parts)
    if bad or any(part.startswith(".") for part in parts):
        raise PackageFileProblem(f"The manifest's package file {name!r} must be a file inside the bundle.")
    path = code.joinpath(*parts)
    return PackageFile(name, text_of(path, name), path.parent)


def text_of(path: Path, name: str) -> str:
    """The text of a file of the bundle, called `name` to the publisher. Raises PackageFileProblem."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise PackageFileProblem(f"The bundle has no {name}; list the app's packages there and deploy again.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PackageFileProblem(f"{name} is not a regular file.")
    with open(descriptor, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise PackageFileProblem(f"{name} is larger than {MOST_BYTES} bytes.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise PackageFileProblem(f"{name} is not UTF-8 text.") from None


def _dependencies(text: str, name: str) -> str:
    """The dependencies of a project as a requirements file (PEP 621)."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackageFileProblem(f"{name} is not TOML ({error}).") from None
    project: Any = document.get("project")
    if not isinstance(project, dict):
        raise PackageFileProblem(f"{name} has no [project] table; list the app's packages in its dependencies.")
    dynamic = project.get("dynamic")
    if isinstance(dynamic, list) and "dependencies" in dynamic:
        raise PackageFileProblem(
            f"{name} says that its dependencies are dynamic; list them there, or write a lock file."
        )
    found = project.get("dependencies", [])
    if not isinstance(found, list) or not all(isinstance(line, str) and "\n" not in line for line in found):
        raise PackageFileProblem(f"{name}: project.dependencies must be a list of texts.")
    return "".join(f"{line}\n" for line in found)
