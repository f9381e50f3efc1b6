"""Which files serve a version that has no living process; a warm look-up touches neither disk nor database."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from runners import published
from runners.bundles.manifest import ManifestProblem
from runners.kinds import catalog
from runners.kinds.entrypoint import EntrypointProblem
from runners.kinds.still import RENDERED, STATIC
from runners.published import Published
from server.bundles.shelf import Shelf
from server.bundles.store import folder_of
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Bundle
from server.instances.live import StartProblem
from server.instances.prepare import Prepared, Preparer
from server.renderings import store
from server.renderings.renderer import FOLDER, Renderer
from server.web.remembered import Remembered

Report = Callable[[str], None]
MOST_OPEN = 256
REMEMBER_FAILURE = 10.0


def is_static(app_mode: str) -> bool:
    """Whether content of this app mode is served as it was uploaded."""
    kind = catalog.by_mode(app_mode)
    return kind is not None and kind.family == STATIC


def is_rendered(app_mode: str) -> bool:
    """Whether content of this app mode is rendered, and its pages served."""
    kind = catalog.by_mode(app_mode)
    return kind is not None and kind.family == RENDERED


def runs(app_mode: str) -> bool:
    """Whether content of this app mode is answered by a process of its own; what is not known counts as such."""
    return not (is_static(app_mode) or is_rendered(app_mode))


@dataclass(frozen=True)
class Source:
    """A version by its app mode, the bundle's folder and, where it was rendered, the pages' folder and first page."""

    app_mode: str
    folder: str
    rendered: str | None = None
    primary: str = ""


class Unrendered(StartProblem):
    """The version is of a rendered kind and has no pages yet."""


class Documents:
    """Finds the files of versions, and has them rendered: once, however many ask."""

    def __init__(self, db: Database, shelf: Shelf, preparer: Preparer, renderer: Renderer) -> None:
        self._db, self._shelf, self._preparer, self._renderer = db, shelf, preparer, renderer
        self._sources: Remembered[tuple[int, int], Source | None] = Remembered(
            lambda name: db.read(_load, *name),
            worth=lambda source: source is not None,
            changes=db.changes,
            tables=("bundles", "renderings", "content"),
        )
        self._open: OrderedDict[Source, Published] = OrderedDict()
        self._coming: dict[int, asyncio.Task[None]] = {}
        self._progress: dict[int, list[str]] = {}
        self._failed: dict[int, tuple[float, StartProblem]] = {}

    async def find(self, content_id: int, bundle_id: int) -> Published | None:
        """The files of a version, or None where it needs a process (or does not exist).

        Raises Unrendered, or another StartProblem where the bundle has no page to show.
        """
        source = await self._sources.get((content_id, bundle_id))
        if source is None or runs(source.app_mode):
            return None
        if is_rendered(source.app_mode) and source.rendered is None:
            raise Unrendered("This version has not been rendered yet.")
        return await self._opened(source)

    async def _opened(self, source: Source) -> Published:
        kept = self._open.get(source)
        if kept is None:
            kept = self._open[source] = await asyncio.to_thread(self._publish, source)
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        return kept

    def _publish(self, source: Source) -> Published:
        mark = hashlib.sha256(f"{source.folder}/{source.rendered}".encode()).hexdigest()[:16]
        try:
            if source.rendered is not None:
                pages = self._shelf.root / source.folder / FOLDER / source.rendered
                return published.of_rendering(pages, source.primary, mark)
            code, manifest = self._shelf.code(source.folder)
            return published.of_bundle(code, manifest, mark)
        except (ManifestProblem, OSError):
            raise StartProblem("The files of this version are gone; deploy it again.") from None
        except EntrypointProblem as problem:
            raise StartProblem(str(problem)) from None

    async def check(self, bundle: Bundle, report: Report) -> None:
        """Make sure that a static version has a page to show. Raises StartProblem."""
        found = await self._opened(Source(bundle.app_mode, folder_of(bundle)))
        report(f"{len(found.names)} files; {found.primary} is the page that opens.")

    async def render(self, view: ContentView, bundle: Bundle, prepared: Prepared, report: Report) -> None:
        """Render a version whose environment is ready; its new pages are shown from then on. Raises StartProblem."""
        assert bundle.id is not None
        try:
            await self._renderer.render(view, bundle, prepared, report)
        except StartProblem as problem:
            self._failed[bundle.id] = (time.monotonic(), problem)
            raise
        self._failed.pop(bundle.id, None)
        self._sources.forget((view.id, bundle.id))

    async def rendered(self, view: ContentView, bundle_id: int) -> None:
        """Return once a version that nobody rendered yet has been; all who ask wait for the same rendering.

        Raises StartProblem; a failure counts for ten seconds before another visit tries again.
        """
        when, problem = self._failed.get(bundle_id, (0.0, None))
        if problem is not None and time.monotonic() - when < REMEMBER_FAILURE:
            raise problem
        task = self._coming.get(bundle_id)
        if task is None:
            task = self._coming[bundle_id] = asyncio.create_task(self._first(view, bundle_id))
            task.add_done_callback(lambda done: self._arrived(bundle_id, done))
        await asyncio.shield(task)

    async def _first(self, view: ContentView, bundle_id: int) -> None:
        lines = self._progress[bundle_id] = []
        bundle = await self._db.read(lambda session: session.get(Bundle, bundle_id))
        if bundle is None:
            raise StartProblem("This version does not exist any more.")
        prepared = await self._preparer.prepare(bundle, lines.append)
        await self.render(view, bundle, prepared, lines.append)

    def _arrived(self, bundle_id: int, task: asyncio.Task[None]) -> None:
        self._coming.pop(bundle_id, None)
        self._progress.pop(bundle_id, None)
        problem = None if task.cancelled() else task.exception()
        if isinstance(problem, StartProblem):
            self._failed[bundle_id] = (time.monotonic(), problem)

    def progress(self, bundle_id: int) -> list[str]:
        """What has been said while a version that visitors wait for is rendered."""
        return self._progress.get(bundle_id, [])

    async def recover(self) -> None:
        """At start: delete pages that an earlier server left half done."""
        known = await self._db.read(store.folders)
        await asyncio.to_thread(self._renderer.sweep, known)

    async def aclose(self) -> None:
        """End what visitors wait for."""
        coming = list(self._coming.values())
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)


def _load(session: Session, content_id: int, bundle_id: int) -> Source | None:
    row = session.get(Bundle, bundle_id)
    if row is None or row.content_id != content_id:
        return None
    pages = store.newest(session, bundle_id) if is_rendered(row.app_mode) else None
    if pages is None:
        return Source(row.app_mode, folder_of(row))
    return Source(row.app_mode, folder_of(row), pages.folder, pages.primary)
