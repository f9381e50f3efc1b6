"""A person's own API keys, as her account page makes, lists and revokes them."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from server.accounts import store
from server.audit.trail import Trail
from server.db.engine import Database
from server.db.models import ApiKey, User
from server.sessions.identify import Sessions
from server.web.caller import Caller
from server.web.errors import denied


class OwnKeys:
    """Every method is about the caller's own keys alone."""

    def __init__(self, db: Database, sessions: Sessions, trail: Trail) -> None:
        self._db, self._sessions, self._trail = db, sessions, trail

    async def of(self, caller: Caller) -> list[ApiKey]:
        """Her keys, oldest first; keys of running instances are not among them."""
        return await self._db.read(store.keys_of, caller.user_id)

    async def one(self, caller: Caller, number: int) -> ApiKey:
        """One of her keys. Raises ApiError 404."""
        return await self._db.read(store.key_of, caller.user_id, number)

    async def create(
        self, caller: Caller, name: str, expires_at: datetime | None, role: str | None = None
    ) -> tuple[ApiKey, str]:
        """A new key and its value, which is returned this once and not kept.

        `role` bounds the key; None means her own, now and later. Raises ApiError 400 for a role above hers, and
        403 for a tool that she signed in: its sign-in can be ended, and must not leave a key behind (S-09).
        """
        if caller.credential.startswith(("tool:", "claim:")):
            raise denied("A signed-in tool makes no API keys; make one in the dashboard.")

        def write(session: Session) -> tuple[ApiKey, str]:
            user, end = store.by_guid(session, caller.guid), _end(session, caller, expires_at)
            key, value = store.add_key(session, user, name, role=role, expires_at=end)
            self._trail.record(session, caller, "add_api_key", key_id=key.id, name=name)
            return key, value

        return await self._db.write(write)

    async def revoke(self, caller: Caller, number: int) -> None:
        """End one key at once. Raises ApiError 404, and 403 for an app that acts for her a while."""
        if caller.via == "visitor":
            raise denied("An app that acts for you cannot revoke your API keys.")

        def write(session: Session) -> str:
            digest = store.drop_key(session, caller.user_id, number)
            self._trail.record(session, caller, "remove_api_key", key_id=number)
            return digest

        self._sessions.end_key(number, await self._db.write(write))


def _end(session: Session, caller: Caller, wanted: datetime | None) -> datetime | None:
    """When a new key ends: a key never makes one that works longer than itself (S-09). Raises ApiError 403."""
    if caller.via == "visitor":
        raise denied("An app that acts for you cannot make API keys that outlive your visit.")
    maker = session.get(ApiKey, int(caller.credential.removeprefix("key:"))) if caller.via == "key" else None
    if maker is None or maker.expires_at is None:
        return wanted
    if wanted is not None and wanted > maker.expires_at:
        raise denied("A key cannot work longer than the one that makes it.")
    return wanted or maker.expires_at


def administrators(session: Session, most: int = 2) -> list[User]:
    """Some people who run this server, for a page that says whom to ask."""
    query = select(User).where(User.role == "administrator", User.locked == False)  # noqa: E712
    return list(session.exec(query.order_by(User.username_key).limit(most)).all())
