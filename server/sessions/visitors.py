"""Visitor API keys: what an app gets to act for one viewer on this server while she looks (connect-api.md 3.6).

A key is valid no longer than the sign-in it was made for, and is decided anew at each use
(docs/decisions/0011-visitor-api-keys.md; security.md S-09).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from server.db.clock import now
from server.db.engine import Database
from server.db.models import VisitorKey
from server.keys.credentials import KEY_PREFIX, digest
from server.keys.keyring import Keyring
from server.sessions import store
from server.sessions.identify import Sessions
from server.web.caller import Caller

PURPOSE = "visitor key"
LIFETIME = timedelta(hours=1)
# One that works for less than this is not handed out again.
FRESH = timedelta(minutes=30)


@dataclass(frozen=True)
class VisitorKeyIssued:
    """A key's value and the whole seconds it has left."""

    value: str = field(repr=False)
    expires_in: int


class VisitorKeys:
    """Issues keys. The same one is handed out again while it is fresh, so asking often fills no table."""

    def __init__(self, db: Database, keyring: Keyring, sessions: Sessions) -> None:
        self._db, self._keyring, self._sessions = db, keyring, sessions

    async def issue(self, viewer: Caller, content_id: int, integration_id: int, role: str) -> VisitorKeyIssued:
        """A key of `viewer` for this content, bounded by `role` and by the end of her sign-in."""
        end = await self._sessions.until(viewer)
        return await self._db.write(self._issue, viewer, content_id, integration_id, role, end)

    def _issue(
        self, session: Session, viewer: Caller, content_id: int, integration_id: int, role: str, end: datetime | None
    ) -> VisitorKeyIssued:
        moment = now()
        latest = min(moment + LIFETIME, end or moment + LIFETIME)
        wanted = min(moment + FRESH, latest - timedelta(seconds=1))
        row = store.newest_visitor_key(session, viewer.credential, content_id, integration_id, role, wanted)
        # A row of before the secret was replaced has another value now.
        if row is None or not hmac.compare_digest(digest(self._value(row.nonce)), row.key_hash):
            nonce = secrets.token_urlsafe(32)
            row = VisitorKey(
                nonce=nonce,
                key_hash=digest(self._value(nonce)),
                user_id=viewer.user_id,
                content_id=content_id,
                integration_id=integration_id,
                credential=viewer.credential,
                role=role,
                expires_at=latest,
            )
            session.add(row)
        left = int((row.expires_at - moment).total_seconds())
        return VisitorKeyIssued(self._value(row.nonce), max(left, 0))

    def _value(self, nonce: str) -> str:
        return KEY_PREFIX + self._keyring.mac(PURPOSE, nonce)
