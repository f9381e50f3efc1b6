"""The health of an integration on the wire; it holds counts and sentences, and never a secret."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

from server.db.clock import wire
from server.health import policy
from server.health.health import Health
from server.health.store import Counts
from server.vault.outcomes import Kind


class RenewalCounts(TypedDict):
    """How often tokens were renewed (or fetched for a service account). `ended` consents count as neither."""

    succeeded: int
    failed: int
    ended: int
    success_rate: Annotated[float | None, Field(description="From 0 to 1; null where nothing was tried.")]


class ErrorSeen(TypedDict):
    """The newest failure, in words."""

    time: str
    during: Kind
    code: str
    message: str
    only_administrators_can_mend: bool


class SecretObject(TypedDict):
    """When the client secret ends, as an administrator entered it, and what is known of a second one.

    `warning` is empty, `month`, `week`, `day` or `expired`.
    """

    expires_at: str | None
    days_left: int | None
    warning: Literal["", "month", "week", "day", "expired"]
    second_stored: bool
    last_accepted: Literal["first", "second"] | None


class ClockObject(TypedDict):
    """How far the provider's clock is ahead of this server's, in seconds; more than 30 either way is a warning."""

    skew: float | None
    warning: bool


class ConnectionCounts(TypedDict):
    """Connections by status."""

    connected: int
    reauth_required: int


class DriftObject(TypedDict):
    """Connections that lack a configured scope: it was declined, or was added after they were made."""

    declined: int
    earlier: int
    scopes: list[str]


class HealthObject(TypedDict):
    """How an integration fares. Counts of the last day and week are by whole hours."""

    guid: str
    state: Literal["ok", "broken", "unused"]
    summary: str
    last_success_time: str | None
    last_error: ErrorSeen | None
    last_day: RenewalCounts
    last_week: RenewalCounts
    secret: SecretObject
    clock: ClockObject
    connections: ConnectionCounts
    scope_drift: DriftObject
    content_count: int


def health_object(health: Health, moment: datetime) -> HealthObject:
    """The health of one integration at this moment."""
    row, end = health.row, health.secret_ends
    found = policy.statuses(health.known)
    return {
        "guid": health.guid,
        "state": health.state,
        "summary": health.summary,
        "last_success_time": wire(row.last_success) if row else None,
        "last_error": _error(health),
        "last_day": _counts(health.known.day),
        "last_week": _counts(health.known.week),
        "secret": {
            "expires_at": wire(end),
            "days_left": policy.days_left(end, moment),
            "warning": policy.secret_warning(end, moment),
            "second_stored": health.second_stored,
            "last_accepted": health.accepted,
        },
        "clock": {"skew": row.skew if row else None, "warning": policy.skewed(row)},
        "connections": {"connected": found["connected"], "reauth_required": found["reauth_required"]},
        "scope_drift": {
            "declined": health.drift.declined,
            "earlier": health.drift.earlier,
            "scopes": list(health.drift.scopes),
        },
        "content_count": health.contents,
    }


def _error(health: Health) -> ErrorSeen | None:
    row = health.row
    if row is None or row.last_error is None:
        return None
    return {
        "time": wire(row.last_error) or "",
        "during": cast(Kind, row.error_kind),
        "code": row.error_code,
        "message": row.error_reason,
        "only_administrators_can_mend": row.refused,
    }


def _counts(counts: Counts) -> RenewalCounts:
    return {
        "succeeded": counts.ok,
        "failed": counts.failed,
        "ended": counts.ended,
        "success_rate": counts.rate,
    }
