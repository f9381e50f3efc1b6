"""Changes that people make to a content item on its settings page, each in one transaction with its audit event."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlmodel import Session

from server.audit.trail import Trail
from server.content import overview, store
from server.content.directory import Directory
from server.content.view import ContentView
from server.db.clock import now
from server.db.engine import Database
from server.db.lent import end_loans
from server.web.caller import Caller
from server.web.errors import ApiError

NEEDS_VIEWER = 237


class Editing:
    """Writes to content records; the caller has checked that the actor may (server.access.guard)."""

    def __init__(self, db: Database, directory: Directory, trail: Trail) -> None:
        self._db, self._directory, self._trail = db, directory, trail

    async def describe(self, actor: Caller, view: ContentView, *, title: str, description: str) -> None:
        """Set title and description; an empty title is none. Raises ApiError 404."""
        await self._change(actor, view, {"title": title or None, "description": description})

    async def open_to(self, actor: Caller, view: ContentView, access_type: str) -> None:
        """Set who may open it: `acl`, `logged_in` or `all`.

        Raises ApiError 404, and 400 code 237 when `all` would leave an integration without a viewer to act for.
        """
        await self._change(actor, view, {"access_type": access_type})

    async def _change(self, actor: Caller, view: ContentView, fields: dict[str, Any]) -> None:
        await self._db.write(self.write, actor, view, fields)
        self._directory.forget(view.guid)

    def write(self, session: Session, actor: Caller, view: ContentView, fields: dict[str, Any]) -> None:
        """Change the record within the caller's transaction, who then tells the directory.

        What the owner before lent ends.

        Raises ApiError 404; 400 code 237 as `open_to`; 409 code 26 when the name is taken.
        """
        if fields.get("access_type") == "all":
            needing = overview.acts_as_viewer(session, view.id)
            if needing is not None:
                raise ApiError(400, NEEDS_VIEWER, f"It uses {needing} as the person looking; remove that first.")
        store.change(session, view.guid, dict(fields))
        if fields.get("owner_guid", view.owner_guid) != view.owner_guid:
            for ended in end_loans(session, view.id, now()):
                self._trail.record(session, actor, "end_loan", content=view.guid, **asdict(ended))
        self._trail.record(session, actor, "edit_content", content_guid=view.guid, fields=sorted(fields))
