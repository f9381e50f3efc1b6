"""Finds content for API calls: what the caller may not see answers like what does not exist (S-11)."""

from __future__ import annotations

from server.access.policy import may_edit, may_read_record
from server.content.directory import Directory
from server.content.view import ContentView
from server.web.caller import Caller
from server.web.errors import denied, not_found


class Guard:
    """Look-ups that include the permission check."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def readable(self, caller: Caller, guid: str) -> ContentView:
        """The content, if the caller may read its record. Raises ApiError 404."""
        view = await self._directory.by_guid(guid)
        if view is None or not may_read_record(caller, view):
            raise not_found("content item")
        return view

    async def editable(self, caller: Caller, guid: str) -> ContentView:
        """The content, if the caller may change it. Raises ApiError 404, or 403 for those who may only look."""
        view = await self.readable(caller, guid)
        if not may_edit(caller, view):
            raise denied("Only the owner and collaborators may do this.")
        return view
