"""The packages a bundle asks for, whatever file lists them: requirements, a lock file of uv, a pyproject.toml."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 1024 * 1024
PROJECT, UV_LOCK = "pyproject.toml", "uv.lock"


class PackageFileProblem(Exception):
    """The file cannot be used; the text is one sentence for the publisher."""


@dataclass(frozen=True)
class PackageFile:
    """A file's text, and the folder it lies in: a requirements file, unless `locked` or `project` is true."""

    name: str
    text: str
    folder: Path

    @property
    def locked(self) -> bool:
        """Whether it is a uv.lock."""
        return Path(self.name).name == UV_LOCK

    @property
    def project(self) -> bool:
        """Whether it is a pyproject.toml, whose dependencies `project.dependencies` reads."""
        return Path(self.name).name == PROJECT


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
