"""The service of claims: a tool brings a token and a key, a person claims it, and from then on the key acts as her."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from server.audit.trail import Trail
from server.claims import store
from server.db.clock import now
from server.db.engine import Database
from server.db.models import ClaimToken
from server.keys.credentials import digest
from server.sessions.identify import Sessions
from server.sessions.store import UNUSED
from server.web.caller import Caller
from server.web.errors import INTERNAL, ApiError, not_found

CLAIMED, DUPLICATE = 84, 85
WAITS = timedelta(minutes=15)
LONGEST_NAME = 80
UNNAMED = "Unnamed tool"


@dataclass(frozen=True)
class ClaimRequest:
    """A tool that waits to be claimed: what it calls itself, and from where and when it asked."""

    name: str
    address: str
    asked: datetime
    until: datetime


def tool_name(agent: str) -> str:
    """What a tool calls itself: the first words of its User-Agent, on one plain line."""
    kept = "".join(letter if letter.isprintable() else " " for letter in agent[: 4 * LONGEST_NAME])
    return " ".join(kept.split())[:LONGEST_NAME].strip() or UNNAMED


class Claims:
    """Begins, decides, lists and ends claims."""

    def __init__(self, db: Database, sessions: Sessions, trail: Trail, *, clock: Callable[[], datetime] = now) -> None:
        self._db, self._sessions, self._trail, self._clock = db, sessions, trail, clock

    async def begin(self, token: str, public_key: bytes, *, agent: str, address: str) -> str:
        """Keep a token that waits for a person; returns the secret of its claim address.

        Raises ApiError 409 for a token that is known already, and 503 when too many wait.
        """
        secret, moment = secrets.token_urlsafe(32), self._clock()

        def write(session: Session) -> None:
            known = store.by_token(session, token)
            if known is not None and known.expires_at <= moment:
                session.delete(known)
                session.flush()
            elif known is not None:
                claimed = known.user_id is not None
                text = "This token was claimed already." if claimed else "This token is known already."
                raise ApiError(409, CLAIMED if claimed else DUPLICATE, f"{text} Make a new one.")
            row = ClaimToken(
                guid=str(uuid.uuid4()),
                token=token,
                public_key=public_key,
                claim_hash=digest(secret),
                name=tool_name(agent),
                address=address[:64],
                created_time=moment,
                expires_at=moment + WAITS,
            )
            if not store.add(session, row):
                raise ApiError(503, INTERNAL, "Too many sign-ins wait for people; try again shortly.", retry=60)

        await self._db.write(write)
        return secret

    async def look(self, secret: str) -> ClaimRequest | None:
        """What waits at this claim address, or None."""

        def read(session: Session) -> ClaimRequest | None:
            row = store.waiting(session, digest(secret), self._clock())
            return None if row is None else self._request(row)

        return await self._db.read(read)

    def _request(self, row: ClaimToken) -> ClaimRequest:
        return ClaimRequest(row.name, row.address, row.created_time, self._clock() + UNUSED)

    async def decide(self, secret: str, caller: Caller, *, allowed: bool) -> ClaimRequest | None:
        """The person's decision, made once; None where nothing waits at this address any more."""
        moment = self._clock()

        def write(session: Session) -> ClaimRequest | None:
            row = store.waiting(session, digest(secret), moment)
            if row is None:
                return None
            found = self._request(row)
            self._trail.record(session, caller, "allow_tool" if allowed else "refuse_tool", tool=row.name, signs=True)
            if not allowed:
                session.delete(row)
                return found
            row.user_id, row.claim_hash, row.claimed_time, row.expires_at = (
                caller.user_id,
                None,
                moment,
                moment + UNUSED,
            )
            session.add(row)
            return found

        return await self._db.write(write)

    async def of(self, caller: Caller) -> list[ClaimToken]:
        """What a person claimed, newest first."""
        return await self._db.read(store.of_person, caller.user_id, self._clock())

    async def end(self, caller: Caller, guid: str) -> str:
        """Sign one of a person's own tools out, at once; returns its name. Raises ApiError 404."""

        def write(session: Session) -> str:
            row = store.own(session, caller.user_id, guid)
            if row is None:
                raise not_found("sign-in")
            self._trail.record(session, caller, "end_tool", sign_in=guid, reason="person")
            session.delete(row)
            return row.name

        name = await self._db.write(write)
        await self._sessions.end_tools([f"claim:{guid}"])
        return name
