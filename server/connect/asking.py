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
from server.oauth.store import AssociationView
from server.vault.connections import Connections
from server.web.caller import Caller
from server.web.errors import ApiError, not_found

# Content items looked through for one that the person may see.
MOST_LOOKED_AT = 200
NOT_FOR_VIEWERS = 230


@dataclass(frozen=True)
class Ask:
    """An integration that this person may connect, and the content that asks for it, if one does.

    `association` is what lets the content ask; None where no content was named. `view` is then only an example of
    what asks.
    """

    integration: Integration
    view: ContentView | None
    association: AssociationView | None = None


class Asking:
    """Finds what a consent is for."""

    def __init__(
        self,
        integrations: Integrations,
        associations: Associations,
        directory: Directory,
        connections: Connections,
    ) -> None:
        self._integrations = integrations
        self._associations = associations
        self._directory = directory
        self._connections = connections

    async def find(self, caller: Caller, guid: str, content_guid: str | None) -> Ask:
        """What may be connected. Raises ApiError 404 for everything that this person has no reason to connect.

        Administrators may connect anywhere: that is how they test an integration.
        """
        integration = await self._integrations.get(_canonical(guid))
        ask = await self._named(caller, integration, content_guid) if content_guid else None
        ask = ask or Ask(integration, await self._example(caller, integration))
        nothing = ask.view is None and not await self._connections.list(caller.user_id, integration.id)
        if nothing and not caller.has("administrator"):
            raise not_found("OAuth integration")
        if integration.auth_type != "Viewer":
            raise ApiError(
                400, NOT_FOR_VIEWERS, "This integration acts for a service account, so nobody signs in to it."
            )
        if integration.template in self._integrations.catalog.minted:
            raise ApiError(400, NOT_FOR_VIEWERS, "This server signs the tokens itself here, so nobody has to connect.")
        return ask

    async def content(self, integration: Integration, content_guid: str | None) -> Ask:
        """What a consent was started for: its content, as far as it is still there."""
        view = await self._directory.by_guid(content_guid) if content_guid else None
        return Ask(integration, view, None if view is None else await self._use(integration, view))

    async def of(self, integration_guid: str, view: ContentView) -> Ask:
        """What content asks of whoever visits it. Raises ApiError 404."""
        integration = await self._integrations.get(integration_guid)
        return Ask(integration, view, await self._use(integration, view))

    async def _use(self, integration: Integration, view: ContentView) -> AssociationView | None:
        used = await self._associations.for_content(view.guid)
        return next((there for there in used if there.guid == integration.guid), None)

    async def _named(self, caller: Caller, integration: Integration, content_guid: str) -> Ask:
        view = await self._directory.by_guid(_canonical(content_guid))
        if view is None or not may_view(caller, view):
            raise not_found("OAuth integration")
        there = await self._use(integration, view)
        if there is None:
            raise not_found("OAuth integration")
        return Ask(integration, view, there)

    async def _example(self, caller: Caller, integration: Integration) -> ContentView | None:
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
