"""Redeems a code and keeps the connection, detached from the browser that brought the code."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from integrations.contract import ClientConfig
from integrations.errors import ProviderError
from integrations.grants.authorization_code import redeem
from integrations.grants.userinfo import account_of
from integrations.http import OutboundClient
from server.connect.flows import Taken
from server.connect.roles import ROLE_CODES
from server.db.clock import now
from server.db.models import Integration
from server.vault.connections import Consented, Kept
from server.vault.lease import Clock
from server.vault.outcomes import Outcome
from server.vault.vault import Vault
from server.web.caller import Caller


class Finish:
    """The part of a callback that talks to the provider."""

    def __init__(self, vault: Vault, client: OutboundClient, *, clock: Clock = now) -> None:
        self._vault = vault
        self._client = client
        self._clock = clock

    async def keep(self, caller: Caller, taken: Taken, config: ClientConfig, code: str) -> Kept | None:
        """What was kept; None when the integration changed meanwhile, and then nothing is.

        A code can be redeemed once, so this runs to its end even if the browser goes away (O-22).
        Raises the errors of integrations.errors, OtherAccount.
        """
        task = self._vault.background.spawn(self._keep(caller, taken, config, code), "redeem")
        return await asyncio.shield(task)

    async def renews(self, caller: Caller, integration: Integration, role: str, config: ClientConfig) -> bool:
        """Whether what forces a first consent stays out, since a refresh token is held (Google counts each)."""
        if not config.first_consent or caller.user_id is None:
            return False
        return await self._vault.connections.renews(caller.user_id, integration, role)

    def failed(self, integration_guid: str, error: ProviderError, role: str) -> None:
        """Tell whoever counts how integrations fare; that a role was refused says nothing about the integration."""
        if not role or error.code not in ROLE_CODES:
            outcome = Outcome(integration_guid, "", "consent", False, error.code, error.reason)
            self._vault.outcomes.tell(outcome)

    async def _keep(self, caller: Caller, taken: Taken, config: ClientConfig, code: str) -> Kept | None:
        asked_at, address = self._clock(), taken.flow.redirect_uri
        tokens = await redeem(self._client, config, redirect_uri=address, code=code, verifier=taken.verifier)
        account = tokens.account
        if account is None or tokens.subject is None:
            told = await account_of(self._client, config, tokens.access_token)
            account, tokens = account or told.name, replace(tokens, subject=tokens.subject or told.subject)
        consented = Consented(
            integration_id=taken.flow.integration_id,
            config_version=taken.flow.config_version,
            config=config,
            tokens=tokens,
            asked_at=asked_at,
            account=account,
            role=taken.flow.role,
        )
        return await self._vault.connections.keep(caller, consented)
