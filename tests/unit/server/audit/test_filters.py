"""What is looked for, as it is told to the audit trail."""

from datetime import UTC, datetime

from server.audit.filters import EVERYTHING, Filters


def test_only_what_is_looked_for_is_told():
    assert EVERYTHING.facts == {}
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert Filters(user="u", since=since).facts == {"user": "u", "since": "2026-01-01T00:00:00+00:00"}
