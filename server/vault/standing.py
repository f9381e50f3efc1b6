"""Who is connected to what, in memory: what the consent step asks on every visit (architecture.md)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from server.db.engine import Database
from server.db.models import Connection, Integration, User
from server.db.touched import Rows
from server.web.remembered import Remembered


@dataclass(frozen=True)
class Standing:
    """The state of one person's connection to one integration, and the client it was made with."""

    status: str
    reason: str
    fingerprint: str
    config_version: int
    number: int = 0

    def good_for(self, fingerprint: str, config_version: int) -> bool:
        """Whether it can be used with the integration as it is configured now."""
        return self.status == "connected" and (self.fingerprint, self.config_version) == (
            fingerprint,
            config_version,
        )


class Standings:
    """Good standings are remembered; a missing one is looked up again, so a new consent counts at once.

    No token is handed out on the strength of this memory: the exchange itself reads the row each time.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: Remembered[tuple[str, str, str], Standing | None] = Remembered(
            self._read, _good, changes=db.changes, tables=("users", "integrations")
        )
        db.changes.when_rows("connections", self._changed)

    async def of(self, user_guid: str, integration_guid: str, role: str = "") -> Standing | None:
        """The standing in this role, or None where the person never connected so. Warm: no database."""
        return await self._known.get((user_guid, integration_guid, role))

    async def _read(self, names: tuple[str, str, str]) -> Standing | None:
        return await self._db.read(_load, *names)

    def forget(self, user_guid: str, integration_guid: str, role: str = "") -> None:
        """One person's connection changed."""
        self._known.forget((user_guid, integration_guid, role))

    def _changed(self, rows: Rows) -> None:
        """Another gateway wrote these connections."""
        if rows is None:
            self._known.forget_all()
        else:
            self._known.forget_where(lambda standing: standing is not None and standing.number in rows)

    def forget_all(self) -> None:
        """An integration changed, and with it perhaps everybody's connection."""
        self._known.forget_all()


def _good(standing: Standing | None) -> bool:
    return standing is not None and standing.status == "connected"


def _load(session: Session, user_guid: str, integration_guid: str, role: str) -> Standing | None:
    query = (
        select(Connection)
        .join(User, col(User.id) == Connection.user_id)
        .join(Integration, col(Integration.id) == Connection.integration_id)
        .where(User.guid == user_guid, Integration.guid == integration_guid, Connection.role_key == role)
    )
    row = session.exec(query).first()
    if row is None:
        return None
    assert row.id is not None
    return Standing(row.status, row.status_reason, row.fingerprint, row.config_version, row.id)
