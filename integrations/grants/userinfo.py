"""Asking a provider whose account a token belongs to, to show a name and nothing more."""

from __future__ import annotations

from integrations.contract import ClientConfig, Secret
from integrations.errors import ProviderError
from integrations.grants.token_reply import display_name, read_object
from integrations.http import OutboundClient


async def account_name(client: OutboundClient, config: ClientConfig, access_token: Secret) -> str | None:
    """The account's name as userinfo tells it, or None. Never raises for a failing provider."""
    if config.userinfo_uri is None:
        return None
    try:
        reply = await client.get_json(config.userinfo_uri, access_token)
    except ProviderError:
        return None
    if reply.status != 200:
        return None
    return display_name(read_object(reply) or {})
