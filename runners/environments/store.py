"""Environments cached by what is in them: built once, at their final path, marked complete last."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from runners.contract import BuiltEnvironment
from runners.durable import sync_folder
from runners.environments import found as as_found
from runners.environments import installer, locked, requirements
from runners.environments.installer import Report
from runners.environments.interpreters import Interpreter, NoInterpreter, choose
from runners.environments.package_files import PackageFile

_SALT = "tabard-environment-1"
_MARKER = ".complete"
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class EnvironmentRequest:
    """What a bundle asks for: the text of its requirements, the manifest's Python version and specifier.

    `required` is the distribution its kind cannot do without and the publisher must list ("streamlit"; "": none);
    `adds` are what its kind brings itself where the publisher lists no version of it ("uvicorn"). `file` is what the
    publisher calls the requirements. Without `managed` an interpreter is used as it is.
    """

    requirements: str
    python_version: str | None
    python_requires: str | None
    required: str
    adds: tuple[str, ...] = ()
    file: str = "requirements.txt"
    managed: bool = True


class EnvironmentFailed(Exception):
    """No environment could be made. `message` is for the publisher; `output` is what the installer printed."""

    def __init__(self, message: str, output: str = "") -> None:
        """Keep both parts apart."""
        super().__init__(message)
        self.message = message
        self.output = output


class EnvironmentStore:
    """All environments below one folder."""

    def __init__(
        self,
        root: Path,
        *,
        uv: Path,
        interpreters: Sequence[Interpreter],
        installer_variables: Mapping[str, str],
        timeout: float = 900.0,
    ) -> None:
        """`installer_variables` is everything uv gets beside PATH and HOME (UV_*, SSL_CERT_FILE, proxies);
        `timeout` is in seconds for one whole install. uv's cache stays below `root`, on the same file system,
        so that installing is hard-linking, unless UV_CACHE_DIR says otherwise."""
        self._root = root
        self._uv = uv
        self._interpreters = tuple(interpreters)
        self._timeout = timeout
        self._locks: dict[str, asyncio.Lock] = {}
        self._variables = {
            "PATH": _SYSTEM_PATH,
            "HOME": str(root / "home"),
            "LANG": "C.UTF-8",
            "UV_CACHE_DIR": str(root / "cache"),
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            **installer_variables,
        }

    async def build(self, request: EnvironmentRequest, report: Report) -> BuiltEnvironment:
        """The environment for a request, built now if nobody built it before.

        `report` gets progress lines as they come. Raises EnvironmentFailed.
        """
        try:
            wanted = await asyncio.to_thread(requirements.read, request.requirements, request.file)
            interpreter = choose(self._interpreters, request.python_version, request.python_requires)
        except (requirements.RequirementRefused, NoInterpreter) as error:
            raise EnvironmentFailed(str(error)) from error
        needed = [name for name in (request.required, *request.adds) if name]
        if not request.managed:
            return await _as_it_is(interpreter, needed, report)
        if request.required and canonicalize_name(request.required) not in wanted.names:
            raise EnvironmentFailed(f"{request.file} does not list {request.required}; add it.")
        wanted = requirements.with_added(wanted, request.adds)
        key = _key(wanted, interpreter)
        if found := self._find(key):
            report(f"Using the environment built before (Python {found.version}).")
            return found
        async with self._exclusive(key):
            if found := self._find(key):
                report(f"Using the environment built meanwhile (Python {found.version}).")
                return found
            return await self._build(key, wanted, interpreter, needed, report)

    async def locked(self, file: PackageFile) -> str:
        """The packages of a uv.lock as a requirements file. Raises EnvironmentFailed, PackageFileProblem."""
        try:
            return await locked.requirements(file, self._uv, self._variables)
        except locked.LockProblem as problem:
            raise EnvironmentFailed(problem.message, problem.output) from None

    def stored(self) -> list[tuple[str, str]]:
        """Every complete environment as its key and its Python version. Blocks: run it in a thread."""
        found = []
        for marker in self._root.glob(f"*/{_MARKER}"):
            with contextlib.suppress(OSError, ValueError, KeyError):
                facts = json.loads(marker.read_text())
                found.append((str(facts["key"]), str(facts["version"])))
        return sorted(found)

    async def remove(self, key: str) -> None:
        """Delete one environment; whoever asks for it next builds it again."""
        async with self._exclusive(key):
            place = self._place(key)
            # Without its marker it is not there any more, however far the deletion comes.
            (place / _MARKER).unlink(missing_ok=True)
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)

    def _place(self, key: str) -> Path:
        return self._root / key[:32]

    def _find(self, key: str) -> BuiltEnvironment | None:
        place = self._place(key)
        try:
            facts = json.loads((place / _MARKER).read_text())
        except (OSError, ValueError):
            return None
        python = place / "bin" / "python"
        if facts.get("key") != key or not python.exists():
            return None  # its base interpreter was removed
        return BuiltEnvironment(place, python, facts["version"], key, facts["packages"])

    @contextlib.asynccontextmanager
    async def _exclusive(self, key: str) -> AsyncIterator[None]:
        """Hold a key against this process's tasks and, with a file lock, against other processes."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            (self._root / "home").mkdir(parents=True, exist_ok=True)
            descriptor = os.open(f"{self._place(key)}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                while not _try_lock(descriptor):
                    await asyncio.sleep(0.1)
                yield
            finally:
                os.close(descriptor)

    async def _build(
        self,
        key: str,
        wanted: requirements.Requirements,
        interpreter: Interpreter,
        needed: Sequence[str],
        report: Report,
    ) -> BuiltEnvironment:
        place = self._place(key)
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
        try:
            report(f"Creating an environment with Python {interpreter.version}.")
            await self._uv_run(["venv", "--no-project", "--python", str(interpreter.path), str(place)], report)
            (place / "requirements.txt").write_text(wanted.text)
            python = place / "bin" / "python"
            report(f"Installing {len(wanted.lines)} requirements.")
            await self._uv_run(
                ["pip", "install", "--python", str(python), "-r", str(place / "requirements.txt")], report
            )
            packages = await asyncio.to_thread(_installed, place)
            for name in needed:
                if canonicalize_name(Requirement(name).name) not in packages:
                    raise EnvironmentFailed(f"requirements.txt lists {name} only for other systems or Python versions.")
            facts = {"key": key, "version": interpreter.version, "packages": packages}
            await asyncio.to_thread(_mark, place, json.dumps(facts))
        except BaseException:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, place, ignore_errors=True))
            raise
        return BuiltEnvironment(place, python, interpreter.version, key, packages)

    async def _uv_run(self, arguments: list[str], report: Report) -> None:
        code, lines = await installer.run(
            [str(self._uv), *arguments, "--color", "never"],
            folder=self._root,
            variables=self._variables,
            report=report,
            timeout=self._timeout,
        )
        if code is None:
            raise EnvironmentFailed(f"Installing took longer than {self._timeout:g} seconds.", "\n".join(lines))
        if code != 0:
            raise EnvironmentFailed(f"The packages could not be installed. {_reason(lines)}", "\n".join(lines))


async def _as_it_is(interpreter: Interpreter, needed: Sequence[str], report: Report) -> BuiltEnvironment:
    try:
        environment = await as_found.as_it_is(interpreter, needed)
    except as_found.Lacking as lacking:
        raise EnvironmentFailed(str(lacking)) from None
    report(f"Using this server's Python {environment.version} as it is.")
    return environment


def _key(wanted: requirements.Requirements, interpreter: Interpreter) -> str:
    parts = (_SALT, interpreter.version, str(interpreter.path), wanted.text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _installed(place: Path) -> dict[str, str]:
    """Distribution names and versions, read from the names of their metadata folders."""
    found = {}
    for path in place.glob("lib/python3*/site-packages/*.dist-info"):
        name, _, version = path.name.removesuffix(".dist-info").rpartition("-")
        found[str(canonicalize_name(name))] = version
    return dict(sorted(found.items()))


def _mark(place: Path, facts: str) -> None:
    """Write the marker so that it is on disk, whole, or not there at all."""
    fresh = place / f"{_MARKER}.new"
    with fresh.open("w") as file:
        file.write(facts)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(place / _MARKER)
    sync_folder(place)


def _reason(lines: list[str]) -> str:
    """uv's own explanation: from its cross mark or 'error:' to the end, on one line."""
    start = next((n for n, line in enumerate(lines) if line.lstrip().startswith(("×", "error:"))), -8)
    words = " ".join(line.strip(" ×│╰─▶") for line in lines[start:]).split()
    return f"uv says: {' '.join(words)}" if words else "uv gave no reason."
