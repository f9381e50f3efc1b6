"""Keeps the pictures of content: files in one folder, and a row a picture that says which file is whose."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from runners.durable import create_private
from server.audit.trail import Trail
from server.content.view import ContentView
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Thumbnail
from server.thumbnails.images import ending, media_type
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.remembered import Remembered

REMOVE_NOTHING = 17
WRITE_FAILED = 134


@dataclass(frozen=True)
class Picture:
    """A picture as it is shown. `mark` names these very bytes."""

    data: bytes
    media_type: str
    mark: str


def _mark(file: str) -> str:
    return file.partition(".")[0]


def _row(session: Session, content_id: int) -> tuple[str, str] | None:
    row = session.get(Thumbnail, content_id)
    return None if row is None else (row.file, row.media_type)


class Thumbnails:
    """The pictures below one folder. A file is whole before a row names it, and goes after the row is gone."""

    def __init__(self, db: Database, root: Path, trail: Trail) -> None:
        self._db, self._root, self._trail = db, root, trail
        root.mkdir(mode=0o700, exist_ok=True)
        self._rows: Remembered[int, tuple[str, str] | None] = Remembered(
            lambda number: db.read(_row, number), changes=db.changes, tables=("thumbnails", "content")
        )

    async def put(self, caller: Caller, view: ContentView, data: bytes) -> None:
        """Give content a picture in place of the one it has. Raises ApiError 400 and 413 for what is none, 507."""
        kind = media_type(data)
        file = secrets.token_hex(16) + ending(kind)
        try:
            await asyncio.to_thread(create_private, self._root / file, data)
            old = await self._db.write(self._replace, caller, view, file, kind)
        except OSError as error:
            self.discard([file])
            raise ApiError(507, WRITE_FAILED, f"The thumbnail could not be stored ({error.strerror}).") from error
        except BaseException:
            self.discard([file])
            raise
        self._rows.forget(view.id)
        await asyncio.to_thread(self.discard, old)

    def _replace(self, session: Session, caller: Caller, view: ContentView, file: str, kind: str) -> list[str]:
        """Let a row name the new file; returns the file it named before."""
        old = self.files_of(session, view.id)
        row = session.get(Thumbnail, view.id) or Thumbnail(content_id=view.id, file=file, media_type=kind)
        row.file, row.media_type, row.created_time = file, kind, now()
        session.add(row)
        self._trail.record(session, caller, "set_thumbnail", content_guid=view.guid)
        return old

    async def remove(self, caller: Caller, view: ContentView) -> None:
        """Take the picture of content away. Raises ApiError 404, code 17, where it has none."""

        def write(session: Session) -> list[str]:
            row = session.get(Thumbnail, view.id)
            if row is None:
                raise ApiError(404, REMOVE_NOTHING, "This content has no thumbnail.")
            session.delete(row)
            self._trail.record(session, caller, "remove_thumbnail", content_guid=view.guid)
            return [row.file]

        files = await self._db.write(write)
        self._rows.forget(view.id)
        await asyncio.to_thread(self.discard, files)

    async def find(self, content_id: int) -> Picture | None:
        """The picture of a content item, or None where it has none; what is known needs no database."""
        for _ in range(2):
            row = await self._rows.get(content_id)
            if row is None:
                return None
            file, kind = row
            try:
                data = await asyncio.to_thread((self._root / file).read_bytes)
            except FileNotFoundError:
                # Another gateway replaced it since we looked.
                self._rows.forget(content_id)
                continue
            return Picture(data, kind, _mark(file))
        return None

    def files_of(self, session: Session, content_id: int) -> list[str]:
        """The files of content that is about to be deleted."""
        return list(session.exec(select(Thumbnail.file).where(col(Thumbnail.content_id) == content_id)).all())

    def discard(self, files: Iterable[str]) -> None:
        """Delete files that no row names any more."""
        for file in files:
            (self._root / file).unlink(missing_ok=True)

    def sweep(self, session: Session) -> None:
        """At start: delete files that no row names, left by a killed server."""
        known = set(session.exec(select(Thumbnail.file)).all())
        self.discard(path.name for path in self._root.iterdir() if path.name not in known)


def picture_headers(picture: Picture) -> dict[str, str]:
    """The header fields under which a picture somebody uploaded is shown: never sniffed, never a page of ours.

    It is asked after each time, so that who lost access sees it no more; `private` keeps it out of shared caches.
    """
    return {
        "Cache-Control": "private, no-cache",
        "ETag": f'"{picture.mark}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def is_known(wanted: str, picture: Picture) -> bool:
    """Whether an If-None-Match names these bytes (RFC 9110 section 13.1.2)."""
    tags: Sequence[str] = [one.strip().removeprefix("W/") for one in wanted.split(",")]
    return "*" in tags or f'"{picture.mark}"' in tags
