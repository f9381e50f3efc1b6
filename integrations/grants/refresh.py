"""The refresh grant: fresh tokens without asking the viewer (RFC 6749 section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from integrations.contract import ClientConfig, Secret, TokenSet
from integrations.grants.client_auth import Fields
from integrations.grants.token_reply import request_tokens
from integrations.http import OutboundClient


async def refresh(
    client: OutboundClient, config: ClientConfig, *, refresh_token: Secret, scopes: Sequence[str] = ()
) -> TokenSet:
    """Ask for new tokens; ``scopes`` are sent only to vendors that need them on a refresh.

    The answer's ``refresh_token`` is None when the old one stays in force: keep it. Raises the errors of
    ``integrations.errors``; after Passing or Malformed it is unknown whether the old token was spent.
    """
    fields: Fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    if config.send_scope_on_refresh and scopes:
        fields["scope"] = config.scope_separator.join(scopes)
    tokens = await request_tokens(client, config, fields)
    return replace(tokens, refresh_token=None) if config.refresh_style == "static" else tokens
