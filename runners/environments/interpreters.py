"""The Python interpreters of this machine, and which one a bundle gets (connect-api.md 2.4)."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

OLDEST = Version("3.8")
# Characters of a version or specifier.
LONGEST = 200
_NAME = re.compile(r"python3\.\d+")
_PROBE = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.version_info[3], sys.implementation.name)"


class NoInterpreter(Exception):
    """No interpreter of this machine fits; the text names what was asked for and what there is."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One interpreter: its full version ("3.11.7") and its real path."""

    version: str
    path: Path


def discover() -> list[Interpreter]:
    """Every CPython from 3.8 on that this machine has, the gateway's own first, then the newest.

    Looks at the interpreter the gateway runs on, /usr/bin, /usr/local/bin and pyenv's folders; each is asked once.
    """
    own = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    folders = [Path("/usr/local/bin"), Path("/usr/bin"), *sorted(Path.home().glob(".pyenv/versions/*/bin"))]
    paths = [own, *(path for folder in folders for path in sorted(folder.glob("python3.*")))]
    real = dict.fromkeys(path.resolve() for path in paths if _NAME.fullmatch(path.name) and path.is_file())
    found = [Interpreter(version, path) for path in real if (version := _probe(path)) is not None]
    return found[:1] + sorted(found[1:], key=lambda one: Version(one.version), reverse=True)


def choose(interpreters: Sequence[Interpreter], wanted: str | None, requires: str | None) -> Interpreter:
    """The interpreter for a bundle.

    `requires` (a PEP 440 specifier) decides what may be used; among that, the nearest to `wanted`: the same
    version, the newest patch of the same minor version, the nearest newer minor version, the newest of all.
    Without `wanted` the first fits. Raises NoInterpreter.
    """
    fitting = list(interpreters)
    if requires:
        try:
            specifier = SpecifierSet(_short(requires))
            fitting = [one for one in interpreters if specifier.contains(one.version, prereleases=True)]
        except ValueError as error:
            raise NoInterpreter(
                f"The manifest asks for Python {requires[:LONGEST]!r}, which is not a version specifier such as "
                "'>=3.11'."
            ) from error
    if not fitting:
        have = ", ".join(one.version for one in interpreters) or "none"
        raise NoInterpreter(f"No Python {requires or ''} on this server; it has {have}.".replace("  ", " "))
    if not wanted:
        return fitting[0]
    try:
        target = Version(_short(wanted))
    except ValueError as error:
        raise NoInterpreter(
            f"The manifest's Python version {wanted[:LONGEST]!r} is not a version such as 3.11.7."
        ) from error
    return min(fitting, key=lambda one: _distance(Version(one.version), target))


def _short(text: str) -> str:
    """`text`, unless it is too long for anything honest: parsing takes time. Raises ValueError."""
    if len(text) > LONGEST:
        raise ValueError("too long")
    return text


def _distance(have: Version, target: Version) -> tuple[int, int, int]:
    if have.release == target.release:
        return (0, 0, 0)
    if (have.major, have.minor) == (target.major, target.minor):
        return (1, 0, -have.micro)
    if have > target and have.major == target.major:
        return (2, have.minor, -have.micro)
    return (3, -have.minor, -have.micro)


@lru_cache(maxsize=64)
def _probe(path: Path) -> str | None:
    """The version an interpreter reports, or None when it does not start, is too old or not a release."""
    try:
        done = subprocess.run(  # noqa: S603 - a full path found on this machine
            [str(path), "-I", "-S", "-c", _PROBE], capture_output=True, text=True, timeout=20, check=True, env={}
        )
        version, level, name = done.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    usable = name == "cpython" and level == "final" and Version(version) >= OLDEST
    return version if usable else None
