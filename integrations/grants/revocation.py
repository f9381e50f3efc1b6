"""Telling a provider that a token is no longer wanted (RFC 7009, and GitHub's own way)."""

from __future__ import annotations

from typing import Literal

from integrations.contract import ClientConfig, Secret
from integrations.errors import ProviderError
from integrations.grants.client_auth import authenticated, basic
from integrations.grants.token_reply import read_object
from integrations.http import OutboundClient

TokenHint = Literal["refresh_token", "access_token"]


async def revoke(client: OutboundClient, config: ClientConfig, token: Secret, hint: TokenHint) -> bool:
    """True when the token is gone at the provider, including when the provider no longer knew it.

    False when the integration has no revocation endpoint (``config.revocation_uri`` is None, nothing to
    retry) or when the call failed (try again later). Raises nothing.
    """
    if config.revocation_uri is None:
        return False
    try:
        if config.revocation_style == "github":
            return await _revoke_at_github(client, config, config.revocation_uri, token, hint)
        fields, auth = authenticated(config, {"token": token, "token_type_hint": hint})
        reply = await client.post_form(config.revocation_uri, fields, auth=auth)
    except ProviderError:
        return False
    if 200 <= reply.status < 300:
        return True
    # RFC 7009 answers 200 for unknown tokens; Google says 400 invalid_token instead.
    answer = read_object(reply) or {}
    return reply.status == 400 and answer.get("error") == "invalid_token"


async def _revoke_at_github(
    client: OutboundClient, config: ClientConfig, uri: str, token: Secret, hint: TokenHint
) -> bool:
    """GitHub deletes access tokens only, and a token's refresh token goes with it; 404 means already gone."""
    if hint != "access_token" or config.client_secret is None:
        return False
    auth = basic(config.client_id, config.client_secret)
    reply = await client.delete_json(uri, {"access_token": token}, auth=auth)
    return reply.status in {200, 204, 404}
