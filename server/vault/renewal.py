"""One refresh from lease to commit, run detached from whoever asked for it (security.md 7.1 to 7.3)."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlmodel import Session, select

from integrations.contract import ClientConfig, TokenSet, missing_scopes
from integrations.errors import ClientRejected, ConsentEnded, Malformed, Passing, ProviderError
from integrations.grants.refresh import refresh
from integrations.http import OutboundClient
from server.audit.trail import Trail
from server.db.engine import Database, DatabaseFull, DatabaseUnavailable
from server.db.models import Connection, Integration, User
from server.keys.credentials import digest
from server.keys.keyring import SealBroken
from server.oauth.integrations import Integrations
from server.vault.backoff import Patience
from server.vault.damage import Damages
from server.vault.errors import UNUSABLE, UNUSABLE_CODE, IntegrationBroken, NeedsConsent, TryLater, VaultError
from server.vault.held import Holdings, Ticks
from server.vault.lease import Busy, Leases, Moved, Refused, Spent, Taken, row_of
from server.vault.outcomes import Outcome, Outcomes, second_of
from server.vault.revoker import Revoker, Tokens, Whose
from server.vault.standing import Standings
from server.web.errors import ApiError

log = logging.getLogger("tabard.vault")
T = TypeVar("T")
POLL = 0.1
# How long to wait for the holder of a lease elsewhere before saying "try later".
PATIENCE = 12.0
# How long tokens that were received are kept for a database that is away; the fence guards them all that time.
INSIST = 45.0
# After these nothing was sent, or the provider said itself that it did nothing: the refresh token is not spent.
UNSPENT = frozenset(
    {"address_refused", "dns", "unreachable", "tls", "rate_limited", "slow_down", "temporarily_unavailable"}
)
# What a provider refuses to this connection, and perhaps grants another.
PERHAPS_ONLY_THIS = frozenset({"invalid_scope", "unauthorized_client"})


class Renewal:
    """Knows how a refresh goes; whether one is needed, and that only one runs, is the engine's business."""

    def __init__(
        self,
        db: Database,
        leases: Leases,
        integrations: Integrations,
        *,
        client: OutboundClient,
        holdings: Holdings,
        standings: Standings,
        revoker: Revoker,
        trail: Trail,
        outcomes: Outcomes,
        ticks: Ticks,
    ) -> None:
        self._db = db
        self._leases = leases
        self._integrations = integrations
        self._client = client
        self._holdings = holdings
        self._standings = standings
        self._revoker = revoker
        self._trail = trail
        self._damages = Damages(db, trail)
        self._outcomes = outcomes
        self._ticks = ticks

    async def run(self, row: Connection, patience: Patience, key: Hashable) -> VaultError | None:
        """Renew the tokens of `row`. None: look at the row again; otherwise why there are no new tokens."""
        try:
            taken = await self._db.write(self._take, row.guid, row.version)
        except SealBroken:
            patience.spared(row.guid, key)
            log.error("the stored tokens of connection %s do not open", row.guid)
            await self._damages.found(row.guid, row.version, "refresh")
            return NeedsConsent("damaged")
        except DatabaseUnavailable:
            # Nothing was sent, and what still lives can be handed out.
            patience.spared(row.guid, key)
            return TryLater("The server cannot write to its database now.", 2.0)
        if not isinstance(taken, Taken):
            patience.spared(row.guid, key)
            return await self._not_ours(row, taken)
        try:
            config = self._integrations.client_config(taken.integration, taken.role)
        except (SealBroken, ApiError):
            patience.spared(row.guid, key)
            await self._release(taken, spent=False)
            log.error("the client of integration %s cannot be made", taken.integration.guid)
            unusable = Outcome(taken.integration.guid, taken.guid, "refresh", False, UNUSABLE_CODE, UNUSABLE)
            self._outcomes.tell(unusable)
            return IntegrationBroken(UNUSABLE)
        return await self._ask(taken, config, patience, key)

    def _take(self, session: Session, guid: str, version: int) -> Taken | Busy | Moved | Spent:
        if not self._db.reserve.ready():
            raise DatabaseUnavailable("no room")
        taken = self._leases.take(session, guid, version)
        if isinstance(taken, Spent):
            reason = taken.row.status_reason
            self._record(session, taken.row, taken.integration, "end_oauth_session", reason=reason)
        return taken

    async def _not_ours(self, row: Connection, found: Busy | Moved | Spent) -> VaultError | None:
        if isinstance(found, Busy):
            return await self._wait_for_other(row)
        if isinstance(found, Spent):
            self._standings.forget_all()
            return NeedsConsent(found.row.status_reason)
        return None

    async def _ask(self, taken: Taken, config: ClientConfig, patience: Patience, key: Hashable) -> VaultError | None:
        asked = self._ticks()
        try:
            tokens = await refresh(self._client, config, refresh_token=taken.refresh_token, scopes=taken.scopes)
        except ConsentEnded as error:
            patience.answered(taken.guid, key)
            self._tell(taken, error)
            return await self._ended(taken, error.code)
        except ClientRejected as error:
            patience.refused(taken.guid, key, error.reason, everybody=error.code not in PERHAPS_ONLY_THIS)
            await self._release(taken, spent=False)
            self._failed(taken, "refuse_oauth_client", error)
            return IntegrationBroken(error.reason)
        except (Passing, Malformed) as error:
            delay = patience.failed(taken.guid, key, error.reason, getattr(error, "retry_after", None))
            await self._release(taken, spent=error.code not in UNSPENT)
            self._failed(taken, "fail_oauth_refresh", error)
            return TryLater(error.reason, delay)
        patience.answered(taken.guid, key)
        return await self._keep(taken, config, tokens, asked)

    async def _keep(self, taken: Taken, config: ClientConfig, tokens: TokenSet, asked: float) -> VaultError | None:
        """Commit before anybody is answered; a late answer to a lost lease is never stored (O-23, O-34).

        When the connection is gone, the late tokens are revoked. When somebody else has renewed it or the
        viewer has consented anew, they are not: at many providers that would end the newer tokens too.
        """
        try:
            kept = await self._insist(lambda session: self._renew(session, taken, config, tokens, asked))
        except DatabaseUnavailable:
            log.error("new tokens of connection %s could not be stored", taken.guid)
            return TryLater("The renewed connection could not be stored.", 5.0)
        integration, second = taken.integration.guid, second_of(config, tokens)
        said = Outcome(integration, taken.guid, "refresh", True, skew=tokens.skew, used_second=second)
        self._outcomes.tell(replace(said, missing_scopes=kept.missing))
        if kept.row is None:
            if kept.gone:
                unwanted = Tokens(tokens.access_token, tokens.refresh_token or taken.refresh_token)
                self._revoker.later(config, unwanted, Whose(integration, taken.guid))
            return None
        if kept.row.status != "connected":
            self._standings.forget(kept.user, integration, taken.role)
            return NeedsConsent(kept.row.status_reason)
        life = kept.row.access_lifetime
        self._holdings.renewed(taken.guid, kept.row.version, math.inf if life is None else asked + life)
        return None

    def _renew(self, session: Session, taken: Taken, config: ClientConfig, tokens: TokenSet, asked: float) -> _Kept:
        """Store the tokens if the lease still stands, with what is wrong about them."""
        stored = self._leases.renew(session, taken, tokens, self._ticks() - asked)
        if stored is None:
            there = row_of(session, taken.guid)
            return _Kept(None, gone=there is None or there.status != "connected")
        if isinstance(stored, Refused):
            user = self._record(session, stored.row, taken.integration, "refuse_oauth_account")
            return _Kept(stored.row, user)
        missing = _missing(stored, config, tokens)
        if missing:
            stored.status, stored.status_reason = "reauth_required", f"missing_scopes: {' '.join(missing)}"
        facts = {"fence": taken.fence, "token_hash": digest(tokens.access_token.reveal())[:12]}
        user = self._record(session, stored, taken.integration, "refresh_oauth_session", **facts)
        return _Kept(stored, user, missing)

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
        reason = row.status_reason
        return reason, self._record(session, row, taken.integration, "end_oauth_session", reason=reason)

    def _record(self, session: Session, row: Connection, integration: Integration, action: str, **facts: object) -> str:
        user = session.exec(select(User.guid).where(User.id == row.user_id)).one()
        names = {"integration": integration.guid, "connection": row.guid, "role": row.role_key, "user": user}
        self._trail.record(session, None, action, **names, **facts)
        return user

    async def _release(self, taken: Taken, *, spent: bool) -> None:
        try:
            await self._db.write(self._leases.release, taken, spent)
        except DatabaseUnavailable:
            log.error("the lease of connection %s could not be given back; it ends by time", taken.guid)

    def _failed(self, taken: Taken, action: str, error: ProviderError) -> None:
        log.warning("refresh of connection %s: %s (%s)", taken.guid, action, error.code)
        self._tell(taken, error)
        self._trail.later(
            None, action, integration=taken.integration.guid, connection=taken.guid, role=taken.role, code=error.code
        )

    def _tell(self, taken: Taken, error: ProviderError) -> None:
        integration = taken.integration.guid
        self._outcomes.tell(Outcome(integration, taken.guid, "refresh", False, error.code, error.reason))

    async def _insist(self, work: Callable[[Session], T]) -> T:
        """Write even through an absence of the database: what was received must not be lost (O-21)."""
        until, pause = self._ticks() + INSIST, 0.1
        while True:
            try:
                return await self._db.write(work)
            except DatabaseUnavailable as error:
                if isinstance(error, DatabaseFull) and self._db.reserve.give():
                    continue
                if self._ticks() + pause > until:
                    raise
                await asyncio.sleep(pause)
                pause = min(2.0, pause * 2)

    async def _wait_for_other(self, row: Connection) -> VaultError | None:
        """Another gateway is at it: watch the row instead of asking the provider too, until it is done, or dead."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while loop.time() < deadline:
            await asyncio.sleep(POLL)
            if await self._db.read(self._leases.settled, row.guid, row.version):
                return None
        return TryLater("Another server is renewing this connection.", 2.0)


@dataclass(frozen=True)
class _Kept:
    """What became of an answer: the row as stored or ended, whose it is, and the scopes it lacks.

    No row: the lease was lost, and `gone` says that there is no connection any more.
    """

    row: Connection | None
    user: str = ""
    missing: tuple[str, ...] = ()
    gone: bool = False


def _missing(row: Connection, config: ClientConfig, tokens: TokenSet) -> tuple[str, ...]:
    """What was asked for at the consent and is not granted any more (O-29)."""
    if row.asked_scopes is None:
        return ()
    return missing_scopes(replace(config, scopes=tuple(row.asked_scopes.split())), tokens)
