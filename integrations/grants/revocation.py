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


Told = Literal["done", "no_way", "refused", "again"]


async def revoke(client: OutboundClient, config: ClientConfig, token: Secret, hint: TokenHint) -> bool:
    """Whether the token is gone at the provider, including when the provider no longer knew it. Raises nothing."""
    return await tell(client, config, token, hint) == "done"


async def tell(client: OutboundClient, config: ClientConfig, token: Secret, hint: TokenHint) -> Told:
    """Ask the provider to end a token. Raises nothing.

    ``done``: it is gone, including when the provider no longer knew it. ``no_way``: the integration has no
    revocation endpoint (``config.revocation_uri`` is None), or none for this kind of token. ``refused``: the provider
    does not revoke such tokens, and will not later (RFC 7009 section 2.2.1). ``again``: the call failed.
    """
    if config.revocation_uri is None:
        return "no_way"
    ask = _ask_github if config.revocation_style == "github" else _ask
    try:
        reply = await ask(client, config, config.revocation_uri, token, hint)
        if reply is not None and config.second_secret is not None and _refuses_client(reply):
            reply = await ask(client, with_second(config), config.revocation_uri, token, hint)
    except ProviderError:
        return "again"
    if reply is None:
        return "no_way"
    if config.revocation_style == "github":
        return "done" if reply.status in {200, 204, 404} else "again"
    # RFC 7009 answers 200 for unknown tokens; Google says 400 invalid_token instead.
    error = (read_object(reply) or {}).get("error")
    if 200 <= reply.status < 300 or (reply.status == 400 and error == "invalid_token"):
        return "done"
    return "refused" if error == "unsupported_token_type" else "again"


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
