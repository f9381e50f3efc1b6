"""The vault as one value: what the composition root makes, and what rooms are given."""

from __future__ import annotations

import time

from sqlmodel import Session, select

from integrations.contract import ClientConfig, fingerprint
from integrations.http import OutboundClient
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration
from server.db.owner import new_owner
from server.keys.keyring import Keyring, SealBroken
from server.oauth.integrations import Integrations
from server.vault.background import Background
from server.vault.connections import Connections
from server.vault.damage import Damages
from server.vault.held import Holdings, Ticks
from server.vault.lease import LEASE_SECONDS, Clock, Leases
from server.vault.outcomes import Outcomes
from server.vault.renewal import Renewal
from server.vault.rescoping import Rescoping
from server.vault.revoker import Revoker
from server.vault.seals import Seals
from server.vault.service import ServiceTokens
from server.vault.standing import Standings
from server.vault.tokens import Tokens
from server.vault.unwanted import Rows
from server.vault.upkeep import Upkeep
from server.web.errors import ApiError

_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def uptime() -> float:
    """Seconds that no change of the wall clock moves, and in which a suspended machine's sleep counts."""
    return time.clock_gettime(_UPTIME)


class Vault:
    """Connections, their standings, viewers' tokens and service accounts' tokens over one database."""

    def __init__(
        self,
        db: Database,
        keyring: Keyring,
        integrations: Integrations,
        *,
        client: OutboundClient,
        trail: Trail,
        clock: Clock = now,
        ticks: Ticks = uptime,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        """`clock` is the wall clock, `ticks` a clock in seconds that only ever goes forward; `lease_seconds` must be
        longer than twice the client's total deadline.
        """
        seals = Seals(keyring)
        holdings = Holdings(db, seals, clock, ticks, damages=Damages(db, trail))
        self.background = Background()
        self.outcomes = Outcomes()
        self.standings = Standings(db)
        self.revoker = Revoker(
            db,
            Rows(keyring, clock),
            client,
            self.background,
            trail=trail,
            clock=clock,
            current=lambda *asked: _current(integrations, *asked),
        )
        self.connections = Connections(
            db,
            seals,
            integrations,
            standings=self.standings,
            revoker=self.revoker,
            trail=trail,
            outcomes=self.outcomes,
            clock=clock,
        )
        Rescoping(integrations, self.standings, trail)
        renewal = Renewal(
            db,
            Leases(seals, clock, new_owner(), lease_seconds),
            integrations,
            client=client,
            holdings=holdings,
            standings=self.standings,
            revoker=self.revoker,
            trail=trail,
            outcomes=self.outcomes,
            ticks=ticks,
        )
        self.tokens = Tokens(holdings, renewal, self.background, ticks=ticks)
        self.upkeep = Upkeep(db, self.connections, self.tokens)
        self.service = ServiceTokens(db, integrations, client, self.background, self.outcomes, ticks)

    async def keep_house(self) -> None:
        """Run until cancelled: send revocations that an earlier process or another gateway has left behind."""
        await self.revoker.keep_house()

    async def aclose(self) -> None:
        """Let refreshes and revocations end; call it before the outbound client and the database are closed."""
        await self.background.aclose()


def _current(integrations: Integrations, session: Session, guid: str, client: ClientConfig) -> ClientConfig | None:
    """The client of an integration with today's secrets, where it is still the one that `client` was (O-31)."""
    row = session.exec(select(Integration).where(Integration.guid == guid)).first()
    if row is None or row.fingerprint != fingerprint(client):
        return None
    try:
        return integrations.client_config(row)
    except (SealBroken, ApiError):
        return None
