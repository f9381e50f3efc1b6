"""Which source of tokens answers an exchange: the one place that decides between them.

A source is asked with everything that was checked before, and gives a token, or None where the exchange is not its
business. Those that others add are asked first, in the order they were added; then a visitor API key, the service
account, and the viewer's own connection.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from integrations.contract import Secret
from server.content.view import ContentView
from server.credentials.form import API_KEY, ExchangeForm
from server.oauth.associations import AssociationView
from server.oauth.visiting import Visiting
from server.sessions.visitors import VisitorKeys
from server.vault.tokens import Issued
from server.vault.vault import Vault
from server.web.caller import Caller
from server.web.errors import NO_VIEW, ApiError, denied


@dataclass(frozen=True)
class Asked:
    """An exchange that may be answered: its viewer may see the content, and the content may use the integration.

    `viewer` is None where the content asks for itself. `role` is the vendor's role that counts for this viewer at
    this content ("" is the default one); it means nothing without a viewer. `instance` is the credential of the
    instance that asks.
    """

    form: ExchangeForm
    viewer: Caller | None
    view: ContentView
    there: AssociationView
    role: str = ""
    instance: str = ""

    def consent(self, origin: str) -> dict[str, Any]:
        """What an answer holds where the viewer has to connect: the address at which she does."""
        query = {"content": self.view.guid, "next": f"{self.view.path}/{self.form.back}"}
        if self.role:
            query["role"] = self.role
        return {"consent_url": f"{origin}/__oauth__/integrations/{self.there.guid}/login?{urlencode(query)}"}


Source = Callable[[Asked], Awaitable[Issued | None]]
"""Raises the errors of server.vault.errors, which become answers with a `consent_url`, or an ApiError of its own."""

RoleFor = Callable[[int, AssociationView, str], Awaitable[str]]
"""The role that counts for a user id, an association and a content GUID."""


class Sources:
    """All sources of tokens, in the order in which they are asked."""

    def __init__(self, vault: Vault, visitors: VisitorKeys, visiting: Visiting) -> None:
        self._vault, self._visitors, self._visiting = vault, visitors, visiting
        self._added: list[Source] = []
        self._role_for: RoleFor | None = None

    def add(self, source: Source) -> None:
        """Let `source` answer before those that are always there."""
        self._added.append(source)

    def choose_roles(self, role_for: RoleFor) -> None:
        """Let `role_for` say which role counts; until somebody does, it is the default one."""
        self._role_for = role_for

    async def role(self, viewer: Caller | None, view: ContentView, there: AssociationView) -> str:
        """The role that counts for this viewer at this content."""
        if viewer is None or self._role_for is None or there.auth_type != "Viewer":
            return ""
        return await self._role_for(viewer.user_id, there, view.guid)

    async def issue(self, asked: Asked) -> Issued:
        """A token for what is asked. Raises the errors of server.vault.errors, ApiError."""
        for source in self._added:
            issued = await source(asked)
            if issued is not None:
                return issued
        if asked.viewer is None:
            return await self._service_account(asked)
        if asked.form.requested == API_KEY:
            return await self._visitor_key(asked, asked.viewer)
        return await self._own_connection(asked, asked.viewer)

    async def _service_account(self, asked: Asked) -> Issued:
        form = asked.form
        return await self._vault.service.service_token(
            asked.there.integration_id, min_ttl=form.min_ttl, force=form.force_refresh
        )

    async def _own_connection(self, asked: Asked, viewer: Caller) -> Issued:
        form = asked.form
        return await self._vault.tokens.access_token(
            viewer.user_id, asked.there.integration_id, role=asked.role, min_ttl=form.min_ttl, force=form.force_refresh
        )

    async def _visitor_key(self, asked: Asked, viewer: Caller) -> Issued:
        """A short-lived key of this server. Raises ApiError 403 where the viewer herself is an app's visitor."""
        if viewer.via == "visitor":
            raise denied("An app that was called with a visitor API key cannot get a further one.")
        role = await self._visiting.role(viewer, asked.view.guid, asked.there.guid)
        if role is None:
            raise ApiError(403, NO_VIEW, "The viewer may no longer see this content.")
        issued = await self._visitors.issue(viewer, asked.view.id, asked.there.integration_id, role)
        return Issued(Secret(issued.value), "Key", issued.expires_in, ())
