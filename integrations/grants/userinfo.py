"""Asking a provider whose account a token belongs to: a name to show, and the vendor's own id of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.contract import ClientConfig, Secret
from integrations.errors import ProviderError
from integrations.grants.token_reply import display_name, member_subject, read_object, subject_of
from integrations.http import OutboundClient


@dataclass(frozen=True)
class Account:
    """Whose account it is: a name to show, unverified, and the lasting id as ``TokenSet.subject`` has it."""

    name: str | None = None
    subject: str | None = None


async def account_of(client: OutboundClient, config: ClientConfig, access_token: Secret) -> Account:
    """The account as userinfo tells it (OpenID Connect Core 5.3), empty if it does not. Raises nothing."""
    if config.userinfo_uri is None:
        return Account()
    try:
        reply = await client.get_json(config.userinfo_uri, access_token)
    except ProviderError:
        return Account()
    members = (read_object(reply) if reply.status == 200 else None) or {}
    return Account(display_name(members), _subject(config, members))


def _subject(config: ClientConfig, members: Mapping[str, Any]) -> str | None:
    if config.subject_members:
        return member_subject(members, config.subject_members)
    return subject_of({"iss": config.issuer, "sub": members.get("sub")})
