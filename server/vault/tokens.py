"""Hands out viewers' access tokens that are fresh, and renews each connection's exactly once at a time."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_
from sqlmodel import Session, col, select

from integrations.contract import Secret
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Connection, Integration
from server.keys.keyring import SealBroken
from server.vault.background import Background
from server.vault.backoff import Backoff
from server.vault.errors import IntegrationBroken, NeedsConsent, NotConnected, TryLater, VaultError
from server.vault.lease import Clock, same_client
from server.vault.renewal import Renewal
from server.vault.seals import Seals
from server.vault.terms import enough

WAIT = 15.0
ROUNDS = 4
MOST_OPENED = 20_000


@dataclass(frozen=True)
class Issued:
    """An access token to hand out. `expires_in` is what is really left, in whole seconds; None: it does not end.

    `extras` are what the app needs besides the token (Salesforce's `instance_url`); `connection` is the GUID of the
    viewer's connection it comes from, None where there is none behind it. `lender` is the GUID of the
    person who lends that connection; empty: it is the viewer's own.
    """

    access_token: Secret
    token_type: str
    expires_in: int | None
    scopes: tuple[str, ...]
    extras: Mapping[str, str] = field(default_factory=dict)
    connection: str | None = None
    lender: str = ""


def remaining(row: Connection, moment: datetime) -> float:
    """Seconds that the access token has left; infinite when it does not expire, 0 without one."""
    if row.sealed_access is None:
        return 0.0
    if row.access_expires_at is None:
        return math.inf
    return max(0.0, (row.access_expires_at - moment).total_seconds())


class Tokens:
    """The engine of security.md 7.1. It reads the row each time, so ending a connection counts at once, here
    and on every other gateway; only the opening of a sealed token is remembered, by the row's version.
    """

    def __init__(
        self,
        db: Database,
        seals: Seals,
        renewal: Renewal,
        background: Background,
        *,
        clock: Clock = now,
        wait: float = WAIT,
    ) -> None:
        self._db = db
        self._seals = seals
        self._renewal = renewal
        self._background = background
        self._clock = clock
        self._wait = wait
        self._backoff = Backoff()
        self._inflight: dict[str, asyncio.Task[VaultError | None]] = {}
        self._opened: OrderedDict[tuple[str, int], Secret] = OrderedDict()

    async def access_token(
        self, user_id: int, integration_id: int, *, role: str = "", min_ttl: float | None = None, force: bool = False
    ) -> Issued:
        """A token of the viewer's connection in this role, with at least its margin left.

        With `min_ttl` it is renewed when less than so many seconds are left, with `force` in any case, unless that
        was done just now (see `terms.enough`). Raises NotConnected, NeedsConsent, IntegrationBroken,
        TryLater.
        """
        name = (user_id, integration_id, role)
        for _ in range(ROUNDS):
            row, integration = await self._db.read(_find, *name)
            moment = self._clock()
            left, age = remaining(row, moment), (moment - row.updated_time).total_seconds()
            if enough(left, row.access_lifetime, age, min_ttl=min_ttl, force=force):
                return self._issue(row, moment)
            if row.sealed_refresh is None:
                if left >= 1:
                    return self._issue(row, moment)
                raise NeedsConsent("expired")
            trouble = await self._renewed(row, integration)
            if isinstance(trouble, TryLater | IntegrationBroken):
                return await self._whatever_is_left(name, trouble)
            if trouble is not None:
                raise trouble
        raise TryLater("The connection keeps changing while it is read.", 1.0)

    async def _whatever_is_left(self, name: tuple[int, int, str], trouble: VaultError) -> Issued:
        """The provider did not help: a token that is still valid is better than none (O-27)."""
        row, _ = await self._db.read(_find, *name)
        moment = self._clock()
        if remaining(row, moment) >= 1:
            return self._issue(row, moment)
        raise trouble

    async def _renewed(self, row: Connection, integration: Integration) -> VaultError | None:
        """Renew, or join whoever is renewing; None means "look again"."""
        task = self._inflight.get(row.guid)
        if task is None:
            key = (integration.guid, integration.fingerprint, integration.sealed_secrets)
            left = self._backoff.wait(key)
            if left > 0:
                return TryLater("The provider is not answering well; it is left alone for a moment.", left)
            work = self._renewal.run(row, self._backoff, key)
            task = self._background.spawn(work, f"refresh {row.guid}")
            self._inflight[row.guid] = task
            task.add_done_callback(lambda _: self._inflight.pop(row.guid, None))
        # `wait` neither cancels the refresh when the time is over nor when this caller goes away (O-22).
        await asyncio.wait({task}, timeout=self._wait)
        if not task.done():
            return TryLater("The provider is taking long to renew the connection.", 2.0)
        trouble = task.result()
        return None if trouble is None else trouble.again()

    def _issue(self, row: Connection, moment: datetime) -> Issued:
        name = (row.guid, row.version)
        token = self._opened.get(name)
        if token is None:
            try:
                token = self._seals.access(row)
            except SealBroken:
                raise NeedsConsent("damaged") from None
            if token is None:
                raise NeedsConsent("expired")
            self._opened[name] = token
            while len(self._opened) > MOST_OPENED:
                self._opened.popitem(last=False)
        left = remaining(row, moment)
        expires_in = None if math.isinf(left) else math.floor(left)
        return Issued(token, row.token_type, expires_in, tuple(row.scopes.split()), row.extras, row.guid)


def _find(session: Session, user_id: int, integration_id: int, role: str) -> tuple[Connection, Integration]:
    """The usable connection. Raises NotConnected, NeedsConsent."""
    query = (
        select(Connection, Integration)
        .join(Integration, col(Integration.id) == Connection.integration_id)
        .where(
            and_(
                col(Connection.user_id) == user_id,
                col(Connection.integration_id) == integration_id,
                col(Connection.role_key) == role,
            )
        )
    )
    found = session.exec(query).first()
    if found is None:
        raise NotConnected
    row, integration = found
    if row.status != "connected":
        raise NeedsConsent(row.status_reason)
    if not same_client(row, integration):
        raise NeedsConsent("changed")
    return row, integration
