"""Tells providers that tokens are no longer wanted: in the background, by best effort (RFC 7009, O-33)."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.contract import ClientConfig, Secret
from integrations.grants.revocation import revoke
from integrations.http import OutboundClient
from server.vault.background import Background

TRIES = 3
PAUSE = 2.0


@dataclass(frozen=True)
class Tokens:
    """What is to be revoked; both stay out of repr because Secret hides itself."""

    access: Secret | None
    refresh: Secret | None


class Revoker:
    """Sends revocations; nobody waits for them but the server's own shutdown."""

    def __init__(self, client: OutboundClient, background: Background) -> None:
        self._client = client
        self._background = background

    def later(self, config: ClientConfig, tokens: list[Tokens]) -> None:
        """Revoke these tokens of one integration, one after the other. Needs a running loop."""
        if tokens and config.revocation_uri is not None:
            self._background.spawn(self._revoke_all(config, tokens), "revoke")

    async def _revoke_all(self, config: ClientConfig, tokens: list[Tokens]) -> None:
        for pair in tokens:
            # GitHub revokes by access token alone; elsewhere the refresh token takes its access tokens along.
            if pair.refresh is not None and config.revocation_style != "github":
                await self._revoke(config, pair.refresh, refresh=True)
            elif pair.access is not None:
                await self._revoke(config, pair.access, refresh=False)

    async def _revoke(self, config: ClientConfig, token: Secret, *, refresh: bool) -> None:
        for attempt in range(TRIES):
            if await revoke(self._client, config, token, "refresh_token" if refresh else "access_token"):
                return
            if self._background.closing.is_set():
                return
            await self._background.sleep(PAUSE * (attempt + 1))
