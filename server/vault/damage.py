"""Tells the audit trail of stored tokens that do not open: somebody changed, moved or put back a row's values."""

from __future__ import annotations

from collections import OrderedDict

from sqlmodel import Session, col, select

from server.audit.trail import Trail
from server.db.engine import Database
from server.db.models import Connection, Integration, User

MOST = 1000


class Damages:
    """Each value is told of once for as long as it is there; none of them is ever used."""

    def __init__(self, db: Database, trail: Trail) -> None:
        self._db, self._trail = db, trail
        self._told: OrderedDict[tuple[str, int, str], None] = OrderedDict()

    async def found(self, guid: str, version: int, column: str) -> None:
        """The token in `column` (`access` or `refresh`) of a connection does not open."""
        name = (guid, version, column)
        if name in self._told:
            return
        self._told[name] = None
        while len(self._told) > MOST:
            self._told.popitem(last=False)
        facts = await self._db.read(_whose, guid)
        self._trail.later(None, "damaged_oauth_session", **facts, connection=guid, value=column)


def _whose(session: Session, guid: str) -> dict[str, str]:
    query = select(User.guid, Integration.guid, Connection.role_key).where(
        Connection.guid == guid,
        col(User.id) == Connection.user_id,
        col(Integration.id) == Connection.integration_id,
    )
    row = session.exec(query).first()
    return {} if row is None else {"user": row[0], "integration": row[1], "role": row[2]}
