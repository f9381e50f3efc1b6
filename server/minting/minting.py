"""External OAuth as one value: what the composition root makes, and what rooms and pages are given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from integrations.http import OutboundClient
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.keys.keyring import Keyring
from server.minting import aws
from server.minting.api import MintingApi
from server.minting.aws import AwsAccess
from server.minting.inspecting import Inspector
from server.minting.issuers import Issuers
from server.minting.keys import SigningKeys
from server.minting.mapping import Mapping
from server.minting.minter import Minter
from server.minting.setup import Setup
from server.oauth.integrations import Integrations
from server.vault.seals import Seals
from server.vault.vault import Vault
from server.web.routes import Route


class Minting:
    """Signing keys, role mappings, minted tokens and the inspector over one database."""

    def __init__(
        self,
        db: Database,
        keyring: Keyring,
        integrations: Integrations,
        vault: Vault,
        *,
        client: OutboundClient,
        trail: Trail,
        origin: str,
        exchange_path: str = "/__api__/v1/oauth/integrations/credentials",
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.keys = SigningKeys(db, keyring, trail, clock=clock)
        self.mapping = Mapping(db, trail, origin)
        self.minter = Minter(db, self.keys, trail, origin=origin, clock=clock)
        self.setup = Setup(self.keys, origin)
        self.issuers = Issuers(integrations, self.keys, origin=origin, exchange_path=exchange_path)
        self.aws = AwsAccess(
            db, self.keys, vault.tokens, client, vault.background, trail=trail, origin=origin, clock=clock
        )
        vault.service.through(aws.TEMPLATE, self.aws.trial)
        self.inspector = Inspector(
            db,
            integrations,
            self.minter,
            self.keys,
            seals=Seals(keyring),
            service=vault.service,
            content_sample=lambda row: self.aws.identity(row, row.guid),
            clock=clock,
        )
        self._integrations = integrations

    def api(self) -> list[Route]:
        """The JSON routes."""
        return MintingApi(self._integrations, self.keys, self.mapping, self.setup, self.inspector).routes()
