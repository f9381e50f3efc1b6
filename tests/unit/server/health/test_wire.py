"""Health on the wire: which of two secrets was taken is told only while there are two."""

from datetime import UTC, datetime

import pytest

from server.db.models import IntegrationHealth
from server.health.health import Health
from server.health.policy import Drift
from server.health.store import Known
from server.health.wire import health_object

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stored", "used", "expected"),
    [(True, True, "second"), (True, False, "first"), (True, None, None), (False, True, None)],
)
def test_two_secrets(stored: bool, used: bool | None, expected: str | None) -> None:
    row = IntegrationHealth(integration_id=1, used_second=used)
    health = Health("g", "ok", "Fine.", Known(row), Drift(1, 2, ("write",)), None, stored, 3)
    found = health_object(health, NOW)
    assert found["secret"]["last_accepted"] == expected
    assert found["scope_drift"] == {"declined": 1, "earlier": 2, "scopes": ["write"]}
    assert (found["content_count"], found["last_error"]) == (3, None)
