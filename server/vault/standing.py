"""Who is connected to what, in memory: what the consent step asks on every visit (architecture.md)."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from sqlmodel import Session, col, select

from server.db.engine import Database
from server.db.models import Connection, Integration, User

MOST_CACHED = 50_000
# Another gateway on the same database tells us nothing; what it ends is seen here after this long.
# The exchange itself always reads the row, so no token is handed out on the strength of this memory.
LONGEST_KEPT = 15.0


@dataclass(frozen=True)
class Standing:
    """The state of one person's connection to one integration, and the client it was made with."""

    status: str
    reason: str
    fingerprint: str
    config_version: int

    def good_for(self, fingerprint: str, config_version: int) -> bool:
        """Whether it can be used with the integration as it is configured now."""
        return self.status == "connected" and (self.fingerprint, self.config_version) == (
            fingerprint,
            config_version,
        )


class Standings:
    """Good standings are remembered; a missing one is looked up again, so a new consent counts at once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: OrderedDict[tuple[str, str], tuple[float, Standing]] = OrderedDict()
        self._epoch = 0

    async def of(self, user_guid: str, integration_guid: str) -> Standing | None:
        """The standing, or None where the person never connected. Warm: no database."""
        name = (user_guid, integration_guid)
        kept = self._known.get(name)
        if kept is not None and time.monotonic() - kept[0] < LONGEST_KEPT:
            return kept[1]
        epoch = self._epoch
        found = await self._db.read(_load, user_guid, integration_guid)
        if found is not None and found.status == "connected" and epoch == self._epoch:
            self._known[name] = (time.monotonic(), found)
            while len(self._known) > MOST_CACHED:
                self._known.popitem(last=False)
        return found

    def forget(self, user_guid: str, integration_guid: str) -> None:
        """One person's connection changed."""
        self._epoch += 1
        self._known.pop((user_guid, integration_guid), None)

    def forget_all(self) -> None:
        """An integration changed, and with it perhaps everybody's connection."""
        self._epoch += 1
        self._known.clear()


def _load(session: Session, user_guid: str, integration_guid: str) -> Standing | None:
    query = (
        select(Connection)
        .join(User, col(User.id) == Connection.user_id)
        .join(Integration, col(Integration.id) == Connection.integration_id)
        .where(User.guid == user_guid, Integration.guid == integration_guid, Connection.role_key == "")
    )
    row = session.exec(query).first()
    if row is None:
        return None
    return Standing(row.status, row.status_reason, row.fingerprint, row.config_version)
