"""One refresh from lease to commit, run detached from whoever asked for it (security.md 7.1 to 7.3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, select

from integrations.contract import ClientConfig, TokenSet
from integrations.errors import AddressRefused, ClientRejected, ConsentEnded, Malformed, Passing, ProviderError
from integrations.grants.refresh import refresh
from integrations.http import OutboundClient
from server.audit.trail import Trail
from server.db.engine import Database, DatabaseUnavailable
from server.db.models import Connection, User
from server.keys.keyring import SealBroken
from server.oauth.integrations import Integrations
from server.vault.backoff import Backoff
from server.vault.errors import UNUSABLE, UNUSABLE_CODE, IntegrationBroken, NeedsConsent, TryLater, VaultError
from server.vault.lease import Busy, Clock, Leases, Moved, Taken, row_of
from server.vault.outcomes import Outcome, Outcomes
from server.vault.revoker import Revoker, Tokens
from server.vault.standing import Standings
from server.vault.terms import skew_of
from server.web.errors import ApiError

log = logging.getLogger("tabard.vault")
T = TypeVar("T")
POLL = 0.1
# How long to wait for the holder of a lease elsewhere before saying "try later".
PATIENCE = 12.0
COMMIT_TRIES = 6


class Renewal:
    """Knows how a refresh goes; whether one is needed, and that only one runs, is the engine's business."""

    def __init__(
        self,
        db: Database,
        leases: Leases,
        integrations: Integrations,
        *,
        client: OutboundClient,
        standings: Standings,
        revoker: Revoker,
        trail: Trail,
        outcomes: Outcomes,
        clock: Clock,
    ) -> None:
        self._db = db
        self._leases = leases
        self._integrations = integrations
        self._client = client
        self._standings = standings
        self._revoker = revoker
        self._trail = trail
        self._outcomes = outcomes
        self._clock = clock

    async def run(self, row: Connection, backoff: Backoff, key: Hashable) -> VaultError | None:
        """Renew the tokens of `row`. None: look at the row again; otherwise why there are no new tokens."""
        try:
            taken = await self._db.write(self._leases.take, row.guid, row.version)
        except SealBroken:
            log.error("the stored tokens of connection %s do not open", row.guid)
            return NeedsConsent("damaged")
        if isinstance(taken, Moved):
            return None
        if isinstance(taken, Busy):
            return await self._wait_for_other(row)
        try:
            config = self._integrations.client_config(taken.integration)
        except (SealBroken, ApiError):
            await self._release(taken, spent=False)
            log.error("the client of integration %s cannot be made", taken.integration.guid)
            unusable = Outcome(taken.integration.guid, taken.guid, "refresh", False, UNUSABLE_CODE, UNUSABLE)
            self._outcomes.tell(unusable)
            return IntegrationBroken(UNUSABLE)
        return await self._ask(taken, config, backoff, key)

    async def _ask(self, taken: Taken, config: ClientConfig, backoff: Backoff, key: Hashable) -> VaultError | None:
        asked_at = self._clock()
        try:
            tokens = await refresh(self._client, config, refresh_token=taken.refresh_token, scopes=taken.scopes)
        except ConsentEnded as error:
            self._tell(taken, error)
            backoff.succeeded(key)
            return await self._ended(taken, error.code)
        except ClientRejected as error:
            backoff.failed(key)
            await self._release(taken, spent=False)
            self._tell(taken, error)
            self._note(taken, "refuse_oauth_client", error.code)
            return IntegrationBroken(error.reason)
        except (Passing, Malformed) as error:
            delay = backoff.failed(key, getattr(error, "retry_after", None))
            await self._release(taken, spent=not isinstance(error, AddressRefused))
            self._tell(taken, error)
            self._note(taken, "fail_oauth_refresh", error.code)
            return TryLater(error.reason, delay)
        backoff.succeeded(key)
        return await self._keep(taken, config, tokens, asked_at)

    async def _keep(
        self, taken: Taken, config: ClientConfig, tokens: TokenSet, asked_at: datetime
    ) -> VaultError | None:
        """Commit before anybody is answered; a late answer to a lost lease is never stored (O-23, O-34).

        When the connection is gone, the late tokens are revoked. When somebody else has renewed it or the
        viewer has consented anew, they are not: at many providers that would end the newer tokens too.
        """
        try:
            gone = await self._insist(lambda session: self._renew(session, taken, tokens, asked_at))
        except DatabaseUnavailable:
            log.error("new tokens of connection %s could not be stored", taken.guid)
            return TryLater("The renewed connection could not be stored.", 5.0)
        self._outcomes.tell(Outcome(taken.integration.guid, taken.guid, "refresh", True, skew=skew_of(tokens)))
        if gone:
            self._revoker.later(config, [Tokens(tokens.access_token, tokens.refresh_token or taken.refresh_token)])
        return None

    def _renew(self, session: Session, taken: Taken, tokens: TokenSet, asked_at: datetime) -> bool:
        """Store the tokens if the lease still stands; returns whether the connection is gone."""
        row = self._leases.renew(session, taken, tokens, asked_at)
        if row is not None:
            self._record(session, row, taken, "refresh_oauth_session", {"fence": taken.fence})
            return False
        there = row_of(session, taken.guid)
        return there is None or there.status != "connected"

    async def _ended(self, taken: Taken, code: str) -> VaultError | None:
        marked = await self._insist(lambda session: self._end(session, taken, code))
        if marked is None:
            return None
        reason, user_guid = marked
        self._standings.forget(user_guid, taken.integration.guid, taken.role)
        return NeedsConsent(reason)

    def _end(self, session: Session, taken: Taken, code: str) -> tuple[str, str] | None:
        row = self._leases.end(session, taken, code)
        if row is None:
            return None
        facts = {"reason": row.status_reason}
        return row.status_reason, self._record(session, row, taken, "end_oauth_session", facts)

    def _record(self, session: Session, row: Connection, taken: Taken, action: str, facts: Mapping[str, object]) -> str:
        user = session.exec(select(User.guid).where(User.id == row.user_id)).one()
        integration = taken.integration.guid
        self._trail.record(session, None, action, integration=integration, connection=row.guid, user=user, **facts)
        return user

    async def _release(self, taken: Taken, *, spent: bool) -> None:
        try:
            await self._db.write(self._leases.release, taken, spent)
        except DatabaseUnavailable:
            log.error("the lease of connection %s could not be given back; it ends by time", taken.guid)

    def _tell(self, taken: Taken, error: ProviderError) -> None:
        integration = taken.integration.guid
        self._outcomes.tell(Outcome(integration, taken.guid, "refresh", False, error.code, error.reason))

    def _note(self, taken: Taken, action: str, code: str) -> None:
        log.warning("refresh of connection %s: %s (%s)", taken.guid, action, code)
        self._trail.later(None, action, integration=taken.integration.guid, connection=taken.guid, code=code)

    async def _insist(self, work: Callable[[Session], T]) -> T:
        """Write even through a short absence of the database: what was received must not be lost (O-21)."""
        for attempt in range(COMMIT_TRIES):
            try:
                return await self._db.write(work)
            except DatabaseUnavailable:
                if attempt == COMMIT_TRIES - 1:
                    raise
                await asyncio.sleep(0.1 * 2**attempt)
        raise AssertionError("unreachable")

    async def _wait_for_other(self, row: Connection) -> VaultError | None:
        """Another gateway is at it: watch the row instead of asking the provider too."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while loop.time() < deadline:
            await asyncio.sleep(POLL)
            if await self._db.read(_settled, row.guid, row.version):
                return None
        return TryLater("Another server is renewing this connection.", 2.0)


def _settled(session: Session, guid: str, version: int) -> bool:
    found = session.exec(select(Connection.version, Connection.lease_owner).where(Connection.guid == guid)).first()
    return found is None or found[0] != version or found[1] is None
