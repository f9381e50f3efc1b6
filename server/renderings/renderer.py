"""Renders a version as a job: its process, variables and credentials like an instance's, its pages stored whole."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from runners import output, rendering, tools, variables
from runners.bundles.manifest import Manifest, ManifestProblem
from runners.contract import Handle, RenderSpec
from runners.ending import end_family
from runners.rendering import RenderingFailed
from server.bundles.shelf import Shelf
from server.bundles.store import folder_of
from server.content.variables import Variables
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Bundle, Instance, Rendering
from server.instances import store as instances
from server.instances.credentials import Credentials
from server.instances.live import StartProblem
from server.instances.prepare import Prepared
from server.keys.keyring import SealBroken
from server.renderings import store

Report = Callable[[str], None]
FOLDER = "rendered"
WORK, OUT = "work", "_rendered"
AT_ONCE = 2
GRACE = 2.0


class Renderer:
    """Every rendering of this gateway; `run_root` holds the folders of its jobs, `timeout` is in seconds."""

    def __init__(
        self,
        db: Database,
        shelf: Shelf,
        variables: Variables,
        credentials: Credentials,
        *,
        run_root: Path,
        timeout: float,
    ) -> None:
        self._db, self._shelf, self._variables, self._credentials = db, shelf, variables, credentials
        self._run_root, self._timeout = run_root, timeout
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, tuple[str, Handle]] = {}
        self._stopped: set[str] = set()

    async def render(self, view: ContentView, bundle: Bundle, prepared: Prepared, report: Report) -> None:
        """Render a version; its pages are shown from then on. Raises StartProblem, and what was shown stays."""
        assert bundle.id is not None
        tag = instances.TAGS.get(prepared.kind.app_mode, "unknown")
        job = Instance(key=secrets.token_hex(8), content_id=view.id, bundle_id=bundle.id, tag=tag)
        await self._db.write(instances.begin, job)
        code: int | None = None
        error: str | None = "interrupted"
        try:
            if self._turns.locked():
                report("Waiting for another rendering to end ...")
            async with self._turns:
                report(f"Rendering the {prepared.kind.label} ...")
                await self._make(view, bundle, prepared, job.key, report)
            code, error = 0, None
        except (StartProblem, RenderingFailed, SealBroken) as problem:
            code, error = 1, _sentence(problem)
            raise StartProblem(error) from problem
        finally:
            await asyncio.shield(self._ended(job.key, code, error))

    async def _make(self, view: ContentView, bundle: Bundle, prepared: Prepared, key: str, report: Report) -> None:
        began = time.monotonic()
        try:
            code, manifest = await asyncio.to_thread(self._shelf.code, folder_of(bundle))
        except (ManifestProblem, OSError):
            raise StartProblem("The files of this version are gone; deploy it again.") from None
        run_dir = self._run_root / key
        await asyncio.to_thread(_copy, code, run_dir / WORK)
        spec = RenderSpec(
            key=key,
            work=run_dir / WORK,
            source=prepared.entrypoint,
            out=run_dir / WORK / OUT,
            environment=prepared.environment,
            run_dir=run_dir,
            program=tools.find(prepared.kind.tool) if prepared.kind.tool else None,
            options=manifest.raw,
            variables=await self._given(view, key, run_dir),
            timeout=self._timeout,
        )
        await self._run(view, spec, prepared, report)
        await self._keep(view, bundle, spec, manifest, time.monotonic() - began)

    async def _given(self, view: ContentView, key: str, run_dir: Path) -> dict[str, str]:
        given = await self._variables.open(view.id)
        allowed = {name: value for name, value in given.items() if variables.refused(name) is None}
        return allowed | await self._credentials.issue(view, key, run_dir)

    async def _run(self, view: ContentView, spec: RenderSpec, prepared: Prepared, report: Report) -> None:
        assert prepared.kind.render is not None, "only rendered kinds come here"

        async def started(handle: Handle) -> None:
            self._running[spec.key] = (view.guid, handle)
            await self._db.write(instances.running, spec.key, handle.pid, handle.start_ticks, None)

        end = await rendering.run(spec, prepared.kind.render(spec), report=report, started=started)
        if spec.key in self._stopped:
            raise RenderingFailed("Rendering was stopped.")
        if end.code != 0:
            raise RenderingFailed(rendering.explain(end, output.folder(spec.run_dir)))

    async def _keep(
        self, view: ContentView, bundle: Bundle, spec: RenderSpec, manifest: Manifest, seconds: float
    ) -> None:
        """Store the pages, then record them: what is recorded is whole (and what is not is swept at the next start)."""
        assert bundle.id is not None
        shelf = self._shelf.root / folder_of(bundle) / FOLDER
        name = str(uuid.uuid4())
        primary = await asyncio.to_thread(
            rendering.collect, spec.out, shelf / name, source=spec.source, assets=spec.work, listed=manifest.files
        )
        row = Rendering(
            content_id=view.id, bundle_id=bundle.id, job_key=spec.key, folder=name, primary=primary, seconds=seconds
        )
        earlier = await self._db.write(store.add, row)
        if earlier is None:
            await asyncio.to_thread(shutil.rmtree, shelf.parent, ignore_errors=True)
            raise StartProblem("This version was deleted while it was being rendered.")
        for folder in earlier:
            await asyncio.to_thread(shutil.rmtree, shelf / folder, ignore_errors=True)

    async def _ended(self, key: str, code: int | None, error: str | None) -> None:
        self._running.pop(key, None)
        self._stopped.discard(key)
        await self._credentials.withdraw(key)
        await self._db.write(instances.ended, key, code, error)
        for left in (self._run_root / key / WORK, *variables.folders(self._run_root / key)):
            await asyncio.to_thread(shutil.rmtree, left, ignore_errors=True)

    async def stop(self, key: str) -> bool:
        """End a rendering by its job's key; False when none of that key runs here."""
        _guid, handle = self._running.get(key, ("", None))
        if handle is None:
            return False
        self._stopped.add(key)
        await end_family(handle, GRACE)
        return True

    def of(self, content_guid: str) -> list[str]:
        """The keys of the renderings of a content item that run now."""
        return [key for key, (guid, _handle) in self._running.items() if guid == content_guid]

    def sweep(self, known: set[str]) -> None:
        """At start: delete pages that no record knows, left by a killed server. Blocks: run it in a thread."""
        for folder in self._shelf.root.glob(f"*/{FOLDER}/*"):
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)


def _copy(code: Path, work: Path) -> None:
    work.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copytree(code, work, symlinks=True)


def _sentence(problem: Exception) -> str:
    if isinstance(problem, SealBroken):
        return "A stored environment variable cannot be read; set the variables again."
    return str(problem)
