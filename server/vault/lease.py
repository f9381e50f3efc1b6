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
from server.vault.terms import lifetime, subject_of

# Longer than twice the outbound client's total deadline of 10 seconds.
LEASE_SECONDS = 30.0
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


def row_of(session: Session, guid: str) -> Connection | None:
    """The row, locked until the transaction ends."""
    return session.exec(select(Connection).where(Connection.guid == guid).with_for_update()).first()


def same_client(row: Connection, integration: Integration) -> bool:
    """Whether the tokens were issued to the client as it is configured now (O-30, no resurrection)."""
    return row.fingerprint == integration.fingerprint and row.config_version == integration.config_version


def put_terms(row: Connection, tokens: TokenSet, asked_at: datetime) -> None:
    """Type, lifetime, scopes and extras of an answer; the lifetime counts from when it was asked for (O-28)."""
    row.token_type = tokens.token_type
    row.access_lifetime = lifetime(tokens, asked_at)
    row.access_expires_at = None if row.access_lifetime is None else asked_at + timedelta(seconds=row.access_lifetime)
    if tokens.scopes is not None:
        row.scopes = " ".join(tokens.scopes)
    if tokens.extras:
        row.extras = dict(tokens.extras)
    row.subject = subject_of(tokens) or row.subject


def _held(session: Session, guid: str, fence: int) -> Connection | None:
    row = row_of(session, guid)
    return row if row is not None and row.fence == fence else None


def _let_go(row: Connection) -> None:
    row.lease_owner = row.lease_until = None


class Leases:
    """Takes and gives back leases for one engine, whose name is `owner`."""

    def __init__(self, seals: Seals, clock: Clock, owner: str) -> None:
        self._seals = seals
        self._clock = clock
        self._owner = owner

    def database_now(self, session: Session) -> datetime:
        """The database's idea of the time, aware."""
        if session.get_bind().dialect.name == "sqlite":
            return self._clock()
        moment: datetime = session.exec(select(func.clock_timestamp())).one()
        return moment

    def take(self, session: Session, guid: str, version: int) -> Taken | Busy | Moved:
        """Take the lease and write the attempt marker, in one commit before the network is touched.

        Raises SealBroken when the stored refresh token does not open.
        """
        row = row_of(session, guid)
        if row is None or row.version != version or row.status != "connected":
            return Moved()
        integration = session.get(Integration, row.integration_id)
        if integration is None or not same_client(row, integration):
            return Moved()
        moment = self.database_now(session)
        held = row.lease_until is not None and row.lease_until > moment
        if held and row.lease_owner != self._owner and not is_dead(row.lease_owner):
            assert row.lease_until is not None
            return Busy(row.lease_until)
        token = self._seals.refresh(row)
        if token is None:
            return Moved()
        marker = digest(token.reveal())
        uncertain = row.attempt_hash == marker
        row.lease_owner, row.lease_until = self._owner, moment + timedelta(seconds=LEASE_SECONDS)
        row.fence += 1
        row.attempt_hash, row.attempt_time = marker, moment
        session.add(row)
        return Taken(guid, row.fence, token, tuple(row.scopes.split()), uncertain, row.role_key, integration)

    def renew(self, session: Session, taken: Taken, tokens: TokenSet, asked_at: datetime) -> Connection | None:
        """Store what the provider answered; None when the lease was lost, and then nothing is written.

        An answer without a refresh token keeps the old one (RFC 6749 section 6).
        """
        row = _held(session, taken.guid, taken.fence)
        if row is None:
            return None
        row.version += 1
        self._seals.put(row, access=tokens.access_token, refresh=tokens.refresh_token or taken.refresh_token)
        put_terms(row, tokens, asked_at)
        row.attempt_hash = row.attempt_time = None
        row.refreshed_time = row.updated_time = self._clock()
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
    row.updated_time = moment
    _let_go(row)
