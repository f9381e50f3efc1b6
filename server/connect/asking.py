"""Decides whether a person may start a consent, and for which content: only what she may see may ask (T-18, T-19)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from server.access.policy import may_view
from server.content.directory import Directory
from server.content.view import ContentView
from server.db.models import Integration
from server.oauth.associations import Associations
from server.oauth.integrations import Integrations
from server.vault.standing import Standings
from server.web.caller import Caller
from server.web.errors import ApiError, not_found

# Content items looked through for one that the person may see.
MOST_LOOKED_AT = 200
NOT_FOR_VIEWERS = 230


@dataclass(frozen=True)
class Ask:
    """An integration that this person may connect, and the content that asks for it, if one does."""

    integration: Integration
    view: ContentView | None


class Asking:
    """Finds what a consent is for."""

    def __init__(
        self,
        integrations: Integrations,
        associations: Associations,
        directory: Directory,
        standings: Standings,
    ) -> None:
        self._integrations = integrations
        self._associations = associations
        self._directory = directory
        self._standings = standings

    async def find(self, caller: Caller, guid: str, content_guid: str | None) -> Ask:
        """What may be connected. Raises ApiError 404 for everything that this person has no reason to connect."""
        integration = await self._integrations.get(_canonical(guid))
        view = await self._view(caller, integration, content_guid)
        if view is None and await self._standings.of(caller.guid, integration.guid) is None:
            raise not_found("OAuth integration")
        if integration.auth_type != "Viewer":
            raise ApiError(
                400, NOT_FOR_VIEWERS, "This integration acts for a service account, so nobody signs in to it."
            )
        if integration.template in self._integrations.catalog.minted:
            raise ApiError(400, NOT_FOR_VIEWERS, "This server signs the tokens itself here, so nobody has to connect.")
        return Ask(integration, view)

    async def content(self, content_guid: str | None) -> ContentView | None:
        """The content a consent was started from, if it is still there."""
        return await self._directory.by_guid(content_guid) if content_guid else None

    async def _view(self, caller: Caller, integration: Integration, content_guid: str | None) -> ContentView | None:
        if content_guid:
            view = await self._directory.by_guid(_canonical(content_guid))
            if view is None or not may_view(caller, view):
                raise not_found("OAuth integration")
            used = await self._associations.for_content(view.guid)
            if all(there.guid != integration.guid for there in used):
                raise not_found("OAuth integration")
            return view
        _, usages = await self._integrations.usages(integration.guid)
        for usage in usages[:MOST_LOOKED_AT]:
            view = await self._directory.by_guid(usage.content_guid)
            if view is not None and may_view(caller, view):
                return view
        return None


def _canonical(text: str) -> str:
    """A GUID as it is stored; what is none cannot exist. Raises ApiError 404."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise not_found("OAuth integration") from None
