"""The refresh lease of one connection: who may ask the provider, and whether its answer may be stored.

Each method is one transaction's work. The lease is a row's `lease_owner` and `lease_until`; `fence` grows
with every holder, and only the holder whose fence still stands may write (security.md 7.1, O-23). Times are
the database's: PostgreSQL's clock there, and on SQLite this machine's, which all its users share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, select

from integrations.contract import Secret, TokenSet
from server.db.models import Connection, Integration
from server.db.owner import is_dead
from server.keys.credentials import digest
from server.vault.seals import Seals
from server.vault.terms import lifetime

# Longer than twice the outbound client's total deadline of 10 seconds.
LEASE_SECONDS = 30.0
# So many holders may end between asking and storing before a refresh token counts as spent.
MOST_LOST = 1
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Taken:
    """The lease is ours and its attempt marker is committed. `uncertain`: this token may be spent already."""

    guid: str
    fence: int
    refresh_token: Secret
    scopes: tuple[str, ...]
    uncertain: bool
    role: str
    integration: Integration = field(repr=False)


@dataclass(frozen=True)
class Busy:
    """Somebody else holds the lease, at most until then."""

    until: datetime


@dataclass(frozen=True)
class Moved:
    """The row is not as it was read: decide again."""


@dataclass(frozen=True)
class Spent:
    """Two holders ended between asking and storing, so the refresh token is sent no third time: `row` was ended."""

    row: Connection
    integration: Integration


@dataclass(frozen=True)
class Refused:
    """The answer was for another account (T-36): nothing was stored, and `row` was ended."""

    row: Connection


def row_of(session: Session, guid: str) -> Connection | None:
    """The row, locked until the transaction ends."""
    return session.exec(select(Connection).where(Connection.guid == guid).with_for_update()).first()


def same_client(row: Connection, integration: Integration) -> bool:
    """Whether the tokens were issued to the client as it is configured now (O-30, no resurrection)."""
    return row.fingerprint == integration.fingerprint and row.config_version == integration.config_version


def database_now(session: Session, clock: Clock) -> datetime:
    """The database's idea of the time, aware: PostgreSQL's own, and on SQLite this machine's `clock`."""
    if session.get_bind().dialect.name == "sqlite":
        return clock()
    moment: datetime = session.exec(select(func.clock_timestamp())).one()
    return moment


def put_terms(row: Connection, tokens: TokenSet, asked_at: datetime) -> None:
    """Type, lifetime, scopes and extras of an answer; the lifetime counts from when it was asked for (O-28)."""
    row.token_type = tokens.token_type
    row.access_lifetime = lifetime(tokens, asked_at)
    row.access_expires_at = None if row.access_lifetime is None else asked_at + timedelta(seconds=row.access_lifetime)
    if tokens.scopes is not None:
        row.scopes = " ".join(tokens.scopes)
    if tokens.extras:
        row.extras = dict(tokens.extras)
    row.subject = row.subject or tokens.subject


def _another(before: str | None, after: str | None) -> bool:
    """Whether two subjects are certainly two accounts. One with a space is an id_token's issuer and subject, any
    other a vendor's own id: an answer without an id_token says the same account in the other way.
    """
    if before is None or after is None or (" " in before) != (" " in after):
        return False
    return before != after


def _held(session: Session, guid: str, fence: int) -> Connection | None:
    row = row_of(session, guid)
    return row if row is not None and row.fence == fence else None


def _let_go(row: Connection) -> None:
    row.lease_owner = row.lease_until = None


class Leases:
    """Takes and gives back leases for one engine, whose name is `owner`; a lease lasts `seconds`."""

    def __init__(self, seals: Seals, clock: Clock, owner: str, seconds: float = LEASE_SECONDS) -> None:
        self._seals = seals
        self._clock = clock
        self._owner = owner
        self._seconds = seconds

    def take(self, session: Session, guid: str, version: int) -> Taken | Busy | Moved | Spent:
        """Take the lease and write the attempt marker, in one commit before the network is touched.

        A marker that is there already says that this token may be spent. It is sent once more all the same; if its
        next holder ends without a word too, never again (security.md 7.2).
        Raises SealBroken when the stored refresh token does not open.
        """
        row = row_of(session, guid)
        if row is None or row.version != version or row.status != "connected":
            return Moved()
        integration = session.get(Integration, row.integration_id)
        if integration is None or not same_client(row, integration):
            return Moved()
        moment = database_now(session, self._clock)
        held = row.lease_until is not None and row.lease_until > moment
        if held and row.lease_owner != self._owner and not is_dead(row.lease_owner):
            assert row.lease_until is not None
            return Busy(row.lease_until)
        token = self._seals.refresh(row)
        if token is None:
            return Moved()
        marker = digest(token.reveal())
        uncertain = row.attempt_hash == marker
        # Who gives a lease back says how it went; one that was only left behind had an outcome nobody knows.
        if uncertain and row.lease_owner is not None:
            row.attempts_lost += 1
            if row.attempts_lost > MOST_LOST:
                finish(row, "interrupted_refresh", moment)
                session.add(row)
                return Spent(row, integration)
        row.lease_owner, row.lease_until = self._owner, moment + timedelta(seconds=self._seconds)
        row.fence += 1
        row.attempt_hash, row.attempt_time = marker, moment
        session.add(row)
        return Taken(guid, row.fence, token, tuple(row.scopes.split()), uncertain, row.role_key, integration)

    def settled(self, session: Session, guid: str, version: int) -> bool:
        """Whether there is something to decide anew: the row has moved on, or nobody holds its lease any more."""
        row = session.exec(select(Connection).where(Connection.guid == guid)).first()
        if row is None or row.version != version or row.lease_owner is None or row.lease_until is None:
            return True
        return row.lease_until <= database_now(session, self._clock) or is_dead(row.lease_owner)

    def renew(self, session: Session, taken: Taken, tokens: TokenSet, elapsed: float) -> Connection | Refused | None:
        """Store what the provider answered, `elapsed` seconds after it was asked.

        None when the lease was lost, and then nothing is written. An answer without a refresh token keeps the old
        one (RFC 6749 section 6). One that lacks scopes which were asked for is kept, but flagged (O-29).
        """
        row = _held(session, taken.guid, taken.fence)
        if row is None:
            return None
        moment = database_now(session, self._clock)
        if _another(row.subject, tokens.subject):
            finish(row, "another_account", moment)
            session.add(row)
            return Refused(row)
        row.version += 1
        self._seals.put(row, access=tokens.access_token, refresh=tokens.refresh_token or taken.refresh_token)
        put_terms(row, tokens, moment - timedelta(seconds=elapsed))
        row.attempt_hash = row.attempt_time = None
        row.attempts_lost = 0
        row.refreshed_time = row.updated_time = moment
        _let_go(row)
        session.add(row)
        return row

    def release(self, session: Session, taken: Taken, spent: bool) -> None:
        """Give the lease back without new tokens. `spent`: the token may be used up, so keep the marker."""
        row = _held(session, taken.guid, taken.fence)
        if row is None:
            return
        if not spent:
            row.attempt_hash = row.attempt_time = None
            row.attempts_lost = 0
        _let_go(row)
        session.add(row)

    def end(self, session: Session, taken: Taken, code: str) -> Connection | None:
        """The consent is over: mark the row, unless somebody has written it since (O-25). Returns the marked row."""
        row = _held(session, taken.guid, taken.fence)
        if row is None:
            return None
        finish(row, "interrupted_refresh" if taken.uncertain else code, self._clock())
        session.add(row)
        return row


def finish(row: Connection, reason: str, moment: datetime) -> None:
    """Make a connection unusable until a new consent: no tokens left, and whoever holds its lease is fenced off."""
    row.status, row.status_reason = "reauth_required", reason
    row.sealed_access = row.sealed_refresh = None
    row.access_expires_at = None
    row.version += 1
    row.fence += 1
    row.attempt_hash = row.attempt_time = None
    row.attempts_lost = 0
    row.updated_time = moment
    _let_go(row)
