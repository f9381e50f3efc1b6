"""Telling a provider that a token is no longer wanted (RFC 7009, and GitHub's own way)."""

from __future__ import annotations

from typing import Literal

from integrations.contract import ClientConfig, Secret
from integrations.errors import ProviderError
from integrations.grants.client_auth import authenticated, basic, with_second
from integrations.grants.rejection import SECRET_REFUSED
from integrations.grants.token_reply import read_object
from integrations.http import OutboundClient, Reply

TokenHint = Literal["refresh_token", "access_token"]


async def revoke(client: OutboundClient, config: ClientConfig, token: Secret, hint: TokenHint) -> bool:
    """True when the token is gone at the provider, including when the provider no longer knew it.

    False when the integration has no revocation endpoint (``config.revocation_uri`` is None, nothing to
    retry) or when the call failed (try again later). Raises nothing.
    """
    if config.revocation_uri is None:
        return False
    ask = _ask_github if config.revocation_style == "github" else _ask
    try:
        reply = await ask(client, config, config.revocation_uri, token, hint)
        if reply is not None and config.second_secret is not None and _refuses_client(reply):
            reply = await ask(client, with_second(config), config.revocation_uri, token, hint)
    except ProviderError:
        return False
    if reply is None:
        return False
    if config.revocation_style == "github":
        return reply.status in {200, 204, 404}
    # RFC 7009 answers 200 for unknown tokens; Google says 400 invalid_token instead.
    answer = read_object(reply) or {}
    return 200 <= reply.status < 300 or (reply.status == 400 and answer.get("error") == "invalid_token")


def _refuses_client(reply: Reply) -> bool:
    return reply.status == 401 or (read_object(reply) or {}).get("error") in SECRET_REFUSED


async def _ask(client: OutboundClient, config: ClientConfig, uri: str, token: Secret, hint: TokenHint) -> Reply | None:
    fields, auth = authenticated(config, {"token": token, "token_type_hint": hint})
    return await client.post_form(uri, fields, auth=auth)


async def _ask_github(
    client: OutboundClient, config: ClientConfig, uri: str, token: Secret, hint: TokenHint
) -> Reply | None:
    """GitHub deletes access tokens only, and a token's refresh token goes with it; 404 means already gone."""
    if hint != "access_token" or config.client_secret is None:
        return None
    return await client.delete_json(uri, {"access_token": token}, auth=basic(config.client_id, config.client_secret))
