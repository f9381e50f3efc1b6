"""What the vault has in memory of connections: the row as it was read, its token opened, when that token ends."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_
from sqlmodel import Session, col, select

from integrations.contract import Secret
from server.db.engine import Database
from server.db.models import Connection, Integration
from server.db.touched import Rows
from server.keys.keyring import SealBroken
from server.vault.damage import Damages
from server.vault.errors import NeedsConsent, NotConnected, VaultError
from server.vault.lease import Clock, database_now, same_client
from server.vault.seals import Seals

Name = tuple[int, int, str]
"""User id, integration id and role."""
Ticks = Callable[[], float]
# A row is read again after so many seconds: that is how soon what somebody did to the database itself counts here.
LONGEST = 1.0
MOST = 20_000


@dataclass(frozen=True)
class Held:
    """A usable connection. `ends` and `since` (when its token came) are in ticks, which no clock's jump moves."""

    row: Connection
    integration: Integration
    token: Secret | None
    ends: float
    since: float
    read: float
    life: float | None
    last: dict[int | None, Any] = field(default_factory=dict, repr=False)
    """What was last made of it to hand out, by the seconds it says are left."""

    def left(self, moment: float) -> float:
        """Seconds that the access token has left; infinite when it does not end, 0 without one."""
        return 0.0 if self.token is None else max(0.0, self.ends - moment)


class _Damaged(Exception):
    def __init__(self, guid: str, version: int) -> None:
        super().__init__(guid)
        self.guid, self.version = guid, version


class Holdings:
    """Usable connections by name, for `LONGEST` seconds or until somebody changes them (server.db.changes).

    The end of each token is worked out once, when this process gets or first sees it, and kept in monotonic time:
    a wall clock that is set later makes no token older or younger (O-28).
    """

    def __init__(
        self, db: Database, seals: Seals, clock: Clock, ticks: Ticks = time.monotonic, *, damages: Damages | None = None
    ) -> None:
        self._db = db
        self._damages = damages
        self._seals = seals
        self._clock = clock
        self._ticks = ticks
        self._kept: OrderedDict[Name, Held] = OrderedDict()
        self._names: dict[int, Name] = {}
        self._spans: OrderedDict[tuple[str, int], tuple[float, float]] = OrderedDict()
        self._loading: dict[Name, tuple[int, asyncio.Task[Held]]] = {}
        self._epoch = 0
        db.changes.when_rows("connections", self._written, here=True)
        db.changes.when(("users", "integrations"), self.forget_all, here=True)

    async def get(self, name: Name, *, anew: bool = False) -> Held:
        """The connection, from memory or (always with `anew`) from its row. Raises NotConnected, NeedsConsent."""
        kept = self._kept.get(name)
        fresh = kept is not None and self._ticks() - kept.read < LONGEST and self._db.changes.trusted()
        if kept is not None and fresh and not anew:
            return kept
        # Who asks while a row is being read waits for that, unless something was written since that began.
        begun = self._loading.get(name)
        if begun is None or begun[0] != self._epoch:
            begun = (self._epoch, asyncio.create_task(self._look_up(name)))
            begun[1].add_done_callback(_noted)
            self._loading[name] = begun
        try:
            return await asyncio.shield(begun[1])
        except VaultError as error:
            raise error.again() from None

    async def _look_up(self, name: Name) -> Held:
        epoch = self._epoch
        try:
            row, integration, token, moment = await self._db.read(self._load, name)
        except _Damaged as damaged:
            self._drop(name)
            if self._damages is not None:
                await self._damages.found(damaged.guid, damaged.version, "access")
            raise NeedsConsent("damaged") from None
        except (NotConnected, NeedsConsent):
            self._drop(name)
            raise
        finally:
            begun = self._loading.get(name)
            if begun is not None and begun[1] is asyncio.current_task():
                del self._loading[name]
        held = self._held(row, integration, token, moment)
        # A change that was told while we were reading must not be undone by what was read before it.
        if epoch == self._epoch:
            self._kept[name] = held
            self._kept.move_to_end(name)
            assert row.id is not None
            self._names[row.id] = name
            while len(self._kept) > MOST:
                self._drop(next(iter(self._kept)))
        return held

    def renewed(self, guid: str, version: int, ends: float) -> None:
        """This process has just stored a token that ends at tick `ends`."""
        self._remember((guid, version), (ends, self._ticks()))

    def _written(self, rows: Rows) -> None:
        """A gateway, this or another, wrote these connections."""
        if rows is None:
            self.forget_all()
            return
        self._epoch += 1
        for number in rows:
            name = self._names.get(number)
            if name is not None:
                self._drop(name)

    def forget_all(self) -> None:
        """An integration changed, and with it perhaps everybody's connection."""
        self._epoch += 1
        self._kept.clear()
        self._names.clear()

    def _drop(self, name: Name) -> None:
        kept = self._kept.pop(name, None)
        if kept is not None and kept.row.id is not None:
            self._names.pop(kept.row.id, None)

    def _remember(self, token: tuple[str, int], span: tuple[float, float]) -> None:
        self._spans[token] = span
        self._spans.move_to_end(token)
        while len(self._spans) > MOST:
            self._spans.popitem(last=False)

    def _held(self, row: Connection, integration: Integration, token: Secret | None, moment: datetime) -> Held:
        ticks, known = self._ticks(), (row.guid, row.version)
        span = self._spans.get(known)
        if span is None:
            ends = row.access_expires_at
            left = math.inf if ends is None else (ends - moment).total_seconds()
            span = (ticks + left, ticks - (moment - row.updated_time).total_seconds())
        self._remember(known, span)
        return Held(row, integration, token, *span, read=ticks, life=row.access_lifetime)

    def _load(self, session: Session, name: Name) -> tuple[Connection, Integration, Secret | None, datetime]:
        user_id, integration_id, role = name
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
        try:
            token = self._seals.access(row)
        except SealBroken:
            raise _Damaged(row.guid, row.version) from None
        return row, integration, token, database_now(session, self._clock)


def _noted(task: asyncio.Task[Held]) -> None:
    """What went wrong concerns those who wait, and perhaps nobody does any more."""
    if not task.cancelled():
        task.exception()
