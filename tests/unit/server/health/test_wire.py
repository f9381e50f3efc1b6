"""Health on the wire: which of two secrets was taken is told only while there are two."""

from datetime import UTC, datetime, timedelta

import pytest

from server.db.models import IntegrationHealth
from server.health.health import Health
from server.health.policy import Drift
from server.health.store import Known
from server.health.wire import health_object

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stored", "used", "age", "expected"),
    [
        (True, True, 0, "second"),
        (True, False, 0, "first"),
        (True, None, 0, None),
        (False, True, 0, None),
        # It was another pair of secrets then.
        (True, True, -1, None),
    ],
)
def test_two_secrets(stored: bool, used: bool | None, age: int, expected: str | None) -> None:
    row = IntegrationHealth(integration_id=1, used_second=used, used_second_time=NOW + timedelta(days=age))
    health = Health("g", "ok", "Fine.", Known(row), Drift(1, 2, ("write",)), None, stored, 3, NOW)
    found = health_object(health, NOW)
    assert found["secret"]["last_accepted"] == expected
    assert found["scope_drift"] == {"declined": 1, "earlier": 2, "scopes": ["write"]}
    assert (found["content_count"], found["last_error"]) == (3, None)
