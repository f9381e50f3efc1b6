"""The one way a version gets in: shelved, recorded, audited; what fails on the way leaves neither row nor file."""

from __future__ import annotations

import asyncio
import uuid

from sqlmodel import Session

from server.audit.trail import Trail
from server.bundles import store
from server.bundles.receive import Upload
from server.bundles.shelf import Shelf
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Bundle, Content
from server.web.caller import Caller
from server.web.errors import ApiError, not_found

LOCKED = 222


def check_unlocked(view: ContentView) -> None:
    """Raises ApiError 409, code 222, for content that takes no new version."""
    if view.locked:
        raise _locked()


def _locked() -> ApiError:
    return ApiError(409, LOCKED, "This content is locked; an administrator can unlock it.")


class Intake:
    """Makes bundles of received archives."""

    def __init__(self, db: Database, shelf: Shelf, trail: Trail) -> None:
        self._db, self._shelf, self._trail = db, shelf, trail

    @property
    def shelf(self) -> Shelf:
        """Where bundles lie, and where archives are received."""
        return self._shelf

    async def keep(self, caller: Caller | None, view: ContentView, upload: Upload) -> Bundle:
        """Turn an archive into a version; durable when this returns. Without a caller the server itself acts.

        The archive's file is gone afterwards, however it ends. Raises ApiError (400 code 135 or 38, 404, 409, 413).
        """
        # Whoever gives up waiting must not leave files without a row or a row without files.
        return await asyncio.shield(asyncio.create_task(self._keep(caller, view, upload)))

    async def _keep(self, caller: Caller | None, view: ContentView, upload: Upload) -> Bundle:
        folder = str(uuid.uuid4())
        manifest = await asyncio.to_thread(self._shelf.shelve, upload, folder)
        details = {"folder": folder, "md5": upload.md5, "sha1": upload.sha1, "metadata": upload.metadata}

        def write(session: Session) -> Bundle:
            content = session.get(Content, view.id, with_for_update=True)
            if content is None:
                raise not_found("content item")
            if content.locked:
                raise _locked()
            row = Bundle(
                content_id=view.id,
                created_by=caller.guid if caller is not None else None,
                size=upload.size,
                sha256=upload.sha256,
                app_mode=manifest.app_mode,
                entrypoint=manifest.entrypoint or "",
                details=details,
            )
            store.add(session, row)
            self._trail.record(session, caller, "add_bundle", content_guid=view.guid, bundle_id=row.id)
            return row

        try:
            return await self._db.write(write)
        except BaseException:
            await asyncio.to_thread(self._shelf.discard, [folder])
            raise
