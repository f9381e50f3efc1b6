"""Queries over the health of integrations; every one reads or writes many integrations in as many statements as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, delete, select

from server.db.models import Connection, Integration, IntegrationHealth, IntegrationHour

KEPT = timedelta(days=8)
Hour = tuple[datetime, str]


@dataclass
class Counts:
    """How often it went well, went wrong, and found a consent ended."""

    ok: int = 0
    failed: int = 0
    ended: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.ok + other.ok, self.failed + other.failed, self.ended + other.ended)

    @property
    def rate(self) -> float | None:
        """The share that went well, from 0 to 1; None where nothing was tried. An ended consent is no failure."""
        tried = self.ok + self.failed
        return None if tried == 0 else self.ok / tried


@dataclass(frozen=True)
class Error:
    """One failure, in a sentence that is safe to show. `refused`: only an administrator can mend it."""

    time: datetime
    kind: str
    code: str
    reason: str
    refused: bool = False


@dataclass
class Tally:
    """What happened to one integration since the last write. `failures` are those after the last success in it."""

    hours: dict[Hour, Counts] = field(default_factory=dict)
    last_success: datetime | None = None
    error: Error | None = None
    failures: int = 0
    succeeded: bool = False
    skew: tuple[datetime, float] | None = None
    used_second: tuple[datetime, bool] | None = None

    def then(self, later: Tally) -> Tally:
        """Both, one after the other."""
        hours = dict(self.hours)
        for hour, counts in later.hours.items():
            hours[hour] = hours.get(hour, Counts()) + counts
        return Tally(
            hours,
            later.last_success or self.last_success,
            later.error or self.error,
            later.failures if later.succeeded else self.failures + later.failures,
            self.succeeded or later.succeeded,
            later.skew or self.skew,
            later.used_second or self.used_second,
        )


@dataclass(frozen=True)
class Known:
    """Everything that is kept of one integration's health. `groups` are its connections by what they were asked."""

    row: IntegrationHealth | None = None
    day: Counts = field(default_factory=Counts)
    week: Counts = field(default_factory=Counts)
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Group:
    """So many connections with this status, these scopes granted and asked for, and made under this client or not."""

    status: str
    scopes: str
    asked: str | None
    role: str
    current: bool
    count: int


def record(session: Session, tallies: Mapping[str, Tally]) -> None:
    """Add what happened, by the GUID of the integration; what was deleted meanwhile is left out."""
    query = select(Integration.guid, Integration.id).where(col(Integration.guid).in_(tallies))
    known = {number: tallies[guid] for guid, number in session.exec(query).all() if number is not None}
    if not known:
        return
    rows = select(IntegrationHealth).where(col(IntegrationHealth.integration_id).in_(known)).with_for_update()
    there = {row.integration_id: row for row in session.exec(rows).all()}
    first = min(hour for tally in known.values() for hour, _ in tally.hours)
    hours = (
        select(IntegrationHour)
        .where(col(IntegrationHour.integration_id).in_(known), col(IntegrationHour.hour) >= first)
        .with_for_update()
    )
    counted = {(row.integration_id, row.hour, row.kind): row for row in session.exec(hours).all()}
    for number, tally in known.items():
        row = there.get(number) or IntegrationHealth(integration_id=number)
        _newest(row, tally)
        session.add(row)
        for (hour, kind), counts in tally.hours.items():
            line = counted.get((number, hour, kind)) or IntegrationHour(integration_id=number, hour=hour, kind=kind)
            both = Counts(line.ok, line.failed, line.ended) + counts
            line.ok, line.failed, line.ended = both.ok, both.failed, both.ended
            session.add(line)


def _newest(row: IntegrationHealth, tally: Tally) -> None:
    if tally.last_success is not None and (row.last_success is None or tally.last_success > row.last_success):
        row.last_success = tally.last_success
    row.failures = tally.failures if tally.succeeded else row.failures + tally.failures
    error = tally.error
    if error is not None and (row.last_error is None or error.time >= row.last_error):
        row.last_error, row.error_kind, row.error_code = error.time, error.kind, error.code
        row.error_reason, row.refused = error.reason, error.refused
    if tally.skew is not None:
        row.skew_time, row.skew = tally.skew
    if tally.used_second is not None:
        row.used_second_time, row.used_second = tally.used_second


def known(session: Session, moment: datetime, integration_id: int | None = None) -> dict[int, Known]:
    """What is kept of one integration, or of all, by id. Three statements."""
    found: dict[int, Known] = {}
    rows = select(IntegrationHealth)
    since = moment.replace(minute=0, second=0, microsecond=0) - timedelta(days=7)
    hours = (
        select(  # type: ignore[call-overload]
            IntegrationHour.integration_id,
            IntegrationHour.hour,
            func.sum(IntegrationHour.ok),
            func.sum(IntegrationHour.failed),
            func.sum(IntegrationHour.ended),
        )
        .where(col(IntegrationHour.hour) >= since, col(IntegrationHour.kind) != "consent")
        .group_by(col(IntegrationHour.integration_id), col(IntegrationHour.hour))
    )
    if integration_id is not None:
        rows = rows.where(IntegrationHealth.integration_id == integration_id)
        hours = hours.where(IntegrationHour.integration_id == integration_id)
    for row in session.exec(rows).all():
        found[row.integration_id] = Known(row)
    for number, hour, ok, failed, ended in session.exec(hours).all():
        before, counts = found.get(number, Known()), Counts(int(ok), int(failed), int(ended))
        recent = hour >= since + timedelta(days=6)
        day = before.day + counts if recent else before.day
        found[number] = replace(before, day=day, week=before.week + counts)
    for number, group in _groups(session, integration_id):
        before = found.get(number, Known())
        found[number] = replace(before, groups=(*before.groups, group))
    return found


def _groups(session: Session, integration_id: int | None) -> list[tuple[int, Group]]:
    current = (Connection.fingerprint == Integration.fingerprint) & (
        Connection.config_version == Integration.config_version
    )
    alike = (
        col(Connection.integration_id),
        col(Connection.status),
        col(Connection.scopes),
        col(Connection.asked_scopes),
        col(Connection.role_key),
        current.label("current"),  # type: ignore[attr-defined]
    )
    query = (
        select(*alike, func.count())  # type: ignore[call-overload]
        .join(Integration, col(Integration.id) == Connection.integration_id)
        .group_by(*alike)
    )
    if integration_id is not None:
        query = query.where(Connection.integration_id == integration_id)
    return [
        (number, Group(status, scopes, asked, role, bool(good), int(count)))
        for number, status, scopes, asked, role, good, count in session.exec(query).all()
    ]


def troubled(session: Session) -> list[tuple[Integration, IntegrationHealth | None]]:
    """The integrations whose newest grant failed, or whose secret has an end: few, whatever there is. One statement."""
    query = (
        select(Integration, IntegrationHealth)
        .join(IntegrationHealth, col(IntegrationHealth.integration_id) == Integration.id, isouter=True)
        .where((col(IntegrationHealth.failures) > 0) | col(Integration.secret_expires_at).is_not(None))
        .order_by(col(Integration.id))
    )
    return [(row, health) for row, health in session.exec(query).all()]


def drop_before(session: Session, moment: datetime) -> None:
    """Remove counts of earlier hours."""
    session.exec(delete(IntegrationHour).where(col(IntegrationHour.hour) < moment))
