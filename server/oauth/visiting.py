"""What a visitor API key may do right now: decided anew at each use, from memory, so rights only ever shrink (S-09)."""

from __future__ import annotations

from typing import cast

from server.access.policy import may_view
from server.content.directory import Directory
from server.oauth.associations import Associations
from server.oauth.fitting import misfit
from server.web.caller import RANK, Caller, Role

ROLES: dict[str, Role] = {"Viewer": "viewer", "Publisher": "publisher", "Admin": "administrator"}


def bounded(viewer: Caller, max_role: str) -> Role:
    """The lower one of the viewer's role and the integration's `max_role` (connect-api.md 3.6)."""
    return min(cast(Role, viewer.role), ROLES.get(max_role, "viewer"), key=lambda role: RANK[role])


class Visiting:
    """Asks whether a viewer may still see the content, and whether the content may still act for her."""

    def __init__(self, directory: Directory, associations: Associations) -> None:
        self._directory, self._associations = directory, associations

    async def role(self, viewer: Caller, content_guid: str, integration_guid: str) -> Role | None:
        """The role a key of this content has for `viewer` now, or None when it ended. Warm: no database."""
        view = await self._directory.by_guid(content_guid)
        if view is None or view.locked or not may_view(viewer, view):
            return None
        for there in await self._associations.for_content(content_guid):
            if there.guid == integration_guid and misfit(there.auth_type, view.app_mode, view.access_type) is None:
                return bounded(viewer, there.max_role)
        return None
