"""The client credentials grant: a token for a service account (RFC 6749 section 4.4)."""

from __future__ import annotations

from dataclasses import replace

from integrations.contract import ClientConfig, TokenSet
from integrations.grants.client_auth import Fields
from integrations.grants.token_reply import request_tokens
from integrations.http import OutboundClient


async def fetch(client: OutboundClient, config: ClientConfig) -> TokenSet:
    """A token of the client itself. Raises the errors of ``integrations.errors``.

    A refresh token in the answer is dropped (section 4.4.3): the client can always ask again.
    """
    fields: Fields = {"grant_type": "client_credentials"}
    if config.scopes and config.send_scope_on_client_credentials:
        fields["scope"] = config.scope_separator.join(config.scopes)
    return replace(await request_tokens(client, config, fields), refresh_token=None)
