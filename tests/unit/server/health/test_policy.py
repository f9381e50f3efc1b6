"""Health is judged from what is kept: broken where somebody must act, and only for what is configured now."""

from datetime import UTC, datetime, timedelta

import pytest

from server.db.models import IntegrationHealth
from server.health import policy
from server.health.policy import Drift
from server.health.store import Group, Known

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=90)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def kept(success: float | None = None, error: float | None = None, **fields: object) -> IntegrationHealth:
    return IntegrationHealth(
        integration_id=1,
        last_success=None if success is None else ago(success),
        last_error=None if error is None else ago(error),
        error_reason="The provider refuses." if error is not None else "",
        **fields,
    )


@pytest.mark.parametrize(
    ("row", "changed", "expected"),
    [
        (None, LONG_AGO, "unused"),
        (kept(), LONG_AGO, "unused"),
        (kept(success=5), LONG_AGO, "ok"),
        (kept(success=5, error=9), LONG_AGO, "ok"),
        (kept(success=9, error=5, failures=1, refused=True), LONG_AGO, "broken"),
        (kept(success=9, error=5, failures=2), LONG_AGO, "ok"),
        (kept(success=9, error=5, failures=3), LONG_AGO, "broken"),
        (kept(error=5, failures=1), LONG_AGO, "unused"),
        (kept(success=9, error=5, failures=9, refused=True), ago(1), "unused"),
        (kept(success=1, error=5), ago(3), "ok"),
    ],
)
def test_the_state(row: IntegrationHealth | None, changed: datetime, expected: str) -> None:
    assert policy.state(row, changed) == expected


def test_the_state_in_a_sentence() -> None:
    assert policy.summary(None, LONG_AGO) == "Nobody has used it yet."
    assert policy.summary(kept(success=9, error=5, failures=1, refused=True), ago(1)).startswith("Nobody has tried it")
    assert policy.summary(kept(error=5, failures=1, refused=True), LONG_AGO) == "The provider refuses."
    assert policy.summary(kept(success=1), LONG_AGO) == "The provider answers as it should."
    assert policy.summary(kept(success=9, error=5, failures=1), LONG_AGO).endswith("The provider refuses.")


@pytest.mark.parametrize(
    ("days", "warning", "left"),
    [
        (31, "", 31),
        (30, "month", 30),
        (8, "month", 8),
        (7, "week", 7),
        (1, "day", 1),
        (0.5, "day", 0),
        (0, "expired", 0),
        (-0.1, "expired", -1),
    ],
)
def test_the_end_of_a_secret_is_told_in_time(days: float, warning: str, left: int) -> None:
    end = NOW + timedelta(days=days)
    assert (policy.secret_warning(end, NOW), policy.days_left(end, NOW)) == (warning, left)
    assert (policy.secret_warning(None, NOW), policy.days_left(None, NOW)) == ("", None)


def test_a_clock_half_a_minute_off_is_told() -> None:
    assert [policy.skewed(kept(skew=skew)) for skew in (None, 30, -30, 31, -31)] == [False, False, False, True, True]
    assert not policy.skewed(None)


def group(scopes: str, asked: str | None, count: int = 1, **fields: object) -> Group:
    return Group(
        **{"status": "connected", "role": "", "current": True} | fields, scopes=scopes, asked=asked, count=count
    )


def test_scopes_that_were_declined_or_added_later() -> None:
    wanted = ("read", "write", "offline_access")
    groups = [
        group("read write", "read write offline_access", 5),
        group("read", "read write offline_access", 2),
        group("read", "read offline_access", 3),
        group("read", None, 4),
        group("", "", 9, current=False),
    ]
    assert policy.drift(wanted, groups) == Drift(declined=6, earlier=3, scopes=("write",))
    assert policy.drift(wanted, groups, compares=False) == Drift(earlier=3, scopes=("write",))
    assert not policy.drift(wanted, groups[:1])


def test_connections_by_status() -> None:
    groups = (group("", "", 2), group("", "", 3, status="reauth_required"), group("", "", 4, current=False))
    assert policy.statuses(Known(groups=groups)) == {"connected": 2, "reauth_required": 7}
