"""From a recorded bundle to something a runner can launch: code, entry point, environment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runners import tools
from runners.bundles.manifest import Manifest, ManifestProblem
from runners.contract import BuiltEnvironment
from runners.environments import package_files, project, syntax, system
from runners.environments.package_files import PackageFileProblem
from runners.environments.store import EnvironmentFailed, EnvironmentRequest, EnvironmentStore
from runners.kinds import catalog, foreign, quarto_static
from runners.kinds.entrypoint import EntrypointProblem
from runners.kinds.kind import Kind
from runners.kinds.still import is_still
from server.bundles.shelf import Shelf
from server.bundles.store import folder_of
from server.db.models import Bundle
from server.instances.live import StartProblem


@dataclass(frozen=True)
class Prepared:
    """A bundle that is ready to be launched."""

    kind: Kind
    code: Path
    entrypoint: str
    environment: BuiltEnvironment

    @property
    def python(self) -> BuiltEnvironment | None:
        """Its Python environment, if it runs with one."""
        return self.environment if self.kind.language == "python" else None


class Preparer:
    """Builds (or finds) the environment of a bundle and checks its entry point."""

    def __init__(self, shelf: Shelf, environments: EnvironmentStore) -> None:
        self._shelf, self._environments = shelf, environments

    def _locate(self, bundle: Bundle) -> tuple[Kind, Path, str, Manifest]:
        try:
            code, manifest = self._shelf.code(folder_of(bundle))
        except (ManifestProblem, OSError):
            raise StartProblem("The files of this version are gone; deploy it again.") from None
        kind = catalog.by_mode(manifest.app_mode)
        if kind is None:
            raise StartProblem(foreign.why_not(manifest.app_mode))
        if kind.tool and tools.find(kind.tool) is None:
            raise StartProblem(foreign.why_not(kind.app_mode, lambda _: None))
        entrypoint = manifest.entrypoint or _default_entrypoint(code, kind)
        try:
            source = kind.locate(code, entrypoint)
        except EntrypointProblem as problem:
            raise StartProblem(str(problem)) from None
        refusal = kind.refuses(source) if kind.refuses is not None else None
        if refusal is not None:
            raise StartProblem(refusal)
        return kind, code, entrypoint, manifest

    async def prepare(self, bundle: Bundle, report: Callable[[str], None]) -> Prepared:
        """Raises StartProblem with a sentence for the publisher; the installer's output goes to `report`."""
        kind, code, entrypoint, manifest = await asyncio.to_thread(self._locate, bundle)
        try:
            environment = await self._environment(kind, code, manifest, report)
        except EnvironmentFailed as failure:
            raise StartProblem(failure.message, failure.output) from None
        return Prepared(kind, code, entrypoint, environment)

    async def _environment(
        self, kind: Kind, code: Path, manifest: Manifest, report: Callable[[str], None]
    ) -> BuiltEnvironment:
        if kind.language == "r":
            found = await system.r_library(kind.required)
            report(f"Using R {found.version} and the packages of this server's library.")
            return found
        file = manifest.package_file or "requirements.txt"
        try:
            wanted = EnvironmentRequest(
                requirements=await self._requirements(code, manifest, file),
                python_version=manifest.python_version,
                python_requires=manifest.requires,
                required=kind.required,
                adds=kind.adds,
                file=file,
                managed=manifest.python_managed,
            )
        except PackageFileProblem as problem:
            raise StartProblem(str(problem)) from None
        return await self._environments.build(wanted, report)

    async def _requirements(self, code: Path, manifest: Manifest, name: str) -> str:
        """What the manifest's package file asks for, as a requirements file. Raises PackageFileProblem."""
        bare = manifest.package_file is None and manifest.app_mode == quarto_static.KIND.app_mode
        if bare or not manifest.python_managed:
            return ""  # a document without Python in it, or packages that are there already
        file = await asyncio.to_thread(package_files.read, code, name)
        if file.locked:
            return await self._environments.locked(file)
        return await project.dependencies(file) if file.project else file.text

    async def check(self, prepared: Prepared) -> None:
        """Compile the entry point with the content's interpreter and find its imports. Raises StartProblem."""
        if is_still(prepared.kind.family):
            return  # it runs once, to its end, and says itself what is wrong
        file = prepared.kind.locate(prepared.code, prepared.entrypoint)
        problem = await syntax.check_syntax(prepared.environment, file, prepared.code)
        if problem is not None:
            raise StartProblem(f"The app cannot start: {problem}")


def _default_entrypoint(code: Path, kind: Kind) -> str:
    names = kind.default_entrypoints
    return next((name for name in names if (code / name).is_file()), names[0])
