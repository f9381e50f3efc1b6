"""Getting a service account's token, by whichever grant the vendor has for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from integrations.contract import ClientConfig, ServiceGrant, TokenSet
from integrations.grants import client_credentials, github_app
from integrations.http import OutboundClient

_GRANTS: Final[Mapping[ServiceGrant, Callable[[OutboundClient, ClientConfig], Awaitable[TokenSet]]]] = {
    "client_credentials": client_credentials.fetch,
    "github_app": github_app.fetch,
}


async def fetch(client: OutboundClient, config: ClientConfig) -> TokenSet:
    """A token of the service account. Raises the errors of ``integrations.errors``."""
    return await _GRANTS[config.service_grant](client, config)
