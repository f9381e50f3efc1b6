"""Which files serve a version that has no living process; a warm look-up touches neither disk nor database."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from runners import published
from runners.bundles.manifest import ManifestProblem
from runners.kinds import catalog
from runners.kinds.entrypoint import EntrypointProblem
from runners.kinds.still import is_still
from runners.published import Published
from server.bundles.shelf import Shelf
from server.bundles.store import folder_of
from server.db.engine import Database
from server.db.models import Bundle
from server.instances.live import StartProblem
from server.web.remembered import Remembered

MOST_OPEN = 256


def stands_still(app_mode: str) -> bool:
    """Whether content of this app mode is served as files."""
    kind = catalog.by_mode(app_mode)
    return kind is not None and is_still(kind.family)


@dataclass(frozen=True)
class Source:
    """A version by its app mode and the bundle's folder."""

    app_mode: str
    folder: str


class Documents:
    """Finds the published files of versions."""

    def __init__(self, db: Database, shelf: Shelf) -> None:
        self._db, self._shelf = db, shelf
        self._sources: Remembered[tuple[int, int], Source | None] = Remembered(
            lambda name: db.read(self._load, *name), worth=lambda source: source is not None
        )
        self._open: OrderedDict[str, Published] = OrderedDict()

    def _load(self, session: Session, content_id: int, bundle_id: int) -> Source | None:
        row = session.get(Bundle, bundle_id)
        return None if row is None or row.content_id != content_id else Source(row.app_mode, folder_of(row))

    async def find(self, content_id: int, bundle_id: int) -> Published | None:
        """The files of a version, or None where it needs a process (or does not exist). Raises StartProblem."""
        source = await self._sources.get((content_id, bundle_id))
        if source is None or not stands_still(source.app_mode):
            return None
        return await self.of(source)

    async def check(self, bundle: Bundle, report: Callable[[str], None]) -> None:
        """Make sure that a static version has a page to show. Raises StartProblem."""
        found = await self.of(Source(bundle.app_mode, folder_of(bundle)))
        report(f"{len(found.names)} files; {found.primary} is the page that opens.")

    async def of(self, source: Source) -> Published:
        """The files of a static version. Raises StartProblem where the bundle names no page."""
        kept = self._open.get(source.folder)
        if kept is None:
            kept = self._open[source.folder] = await asyncio.to_thread(self._static, source.folder)
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        return kept

    def _static(self, folder: str) -> Published:
        try:
            code, manifest = self._shelf.code(folder)
            return published.of_bundle(code, manifest, _mark(folder))
        except (ManifestProblem, OSError, StopIteration):
            raise StartProblem("The files of this version are gone; deploy it again.") from None
        except EntrypointProblem as problem:
            raise StartProblem(str(problem)) from None


def _mark(folder: str) -> str:
    return hashlib.sha256(folder.encode()).hexdigest()[:16]
