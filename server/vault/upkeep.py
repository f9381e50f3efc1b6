"""What a person does with, and sees of, a connection of hers: renew it now, and who used it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from server.audit import store
from server.audit.words import Line
from server.db.engine import Database
from server.db.models import AuditEvent, Connection, Content
from server.vault.connections import Connections, ConnectionView
from server.vault.errors import NeedsConsent, NotConnected
from server.vault.tokens import Tokens
from server.web.caller import Caller
from server.web.cursors import Keyset
from server.web.errors import denied

USED = "exchange_credentials"


@dataclass(frozen=True)
class LastUse:
    """When a connection was last used, and by which content; no title where that is gone."""

    time: datetime
    content_guid: str | None
    title: str


class Upkeep:
    """Over the vault's connections and tokens, and the audit trail."""

    def __init__(self, db: Database, connections: Connections, tokens: Tokens) -> None:
        self._db, self._connections, self._tokens = db, connections, tokens

    async def refresh(self, caller: Caller, guid: str) -> ConnectionView:
        """Renew a connection's tokens now; one that is a few seconds old stays.

        Raises ApiError 404, code 220, 403 for an app that acts for her a while, and the errors of server.vault.errors.
        """
        if caller.via == "visitor":
            raise denied("An app that acts for you cannot renew your connections.")
        view = await self._connections.get(caller, guid)
        owner = await self._db.read(_owner, guid)
        if owner is None:
            raise NotConnected
        if not view.has_refresh_token and view.access_expires_at is not None:
            raise NeedsConsent("expired" if view.status == "connected" else view.reason)
        await self._tokens.access_token(*owner, role=view.role, force=True)
        return await self._connections.get(caller, guid)

    async def uses(self, caller: Caller, guid: str, keyset: Keyset) -> list[Line]:
        """The ledger's rows about one connection, a page and one more. Raises ApiError 404, code 220."""
        view = await self._connections.get(caller, guid)
        return await self._db.read(_lines, view.guid, keyset, caller.guid)

    async def last_used(self, guids: Collection[str]) -> dict[str, LastUse]:
        """The last use of each, by GUID; those that were never used are left out. One statement."""
        return await self._db.read(_last_used, list(guids)) if guids else {}


def _owner(session: Session, guid: str) -> tuple[int, int] | None:
    row = session.execute(
        select(col(Connection.user_id), col(Connection.integration_id)).where(col(Connection.guid) == guid)
    ).first()
    return None if row is None else (row[0], row[1])


def _lines(session: Session, guid: str, keyset: Keyset, you: str) -> list[Line]:
    return store.lines(session, store.about(session, keyset, connection=guid), you=you)


def _last_used(session: Session, guids: list[str]) -> dict[str, LastUse]:
    newest = (
        select(col(AuditEvent.id))
        .where(col(AuditEvent.connection) == col(Connection.guid), col(AuditEvent.action) == USED)
        .order_by(col(AuditEvent.time).desc(), col(AuditEvent.id).desc())
        .limit(1)
        .correlate(Connection)
        .scalar_subquery()
    )
    query = (
        select(
            col(Connection.guid), col(AuditEvent.time), col(AuditEvent.content), col(Content.title), col(Content.name)
        )
        .join(AuditEvent, col(AuditEvent.id) == newest)
        .outerjoin(Content, col(Content.guid) == col(AuditEvent.content))
        .where(col(Connection.guid).in_(guids))
    )
    return {
        guid: LastUse(time, content, (title or "").strip() or name or "")
        for guid, time, content, title, name in session.execute(query)
    }
