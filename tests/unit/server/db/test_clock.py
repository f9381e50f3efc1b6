"""Times on the wire."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import sqlite

from server.db.clock import UtcDateTime, now, wire


def test_the_wire_form():
    assert wire(None) is None
    assert wire(datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
    assert wire(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-02T01:04:05Z"
    assert now().tzinfo is UTC


def test_columns_take_aware_times_only():
    column, dialect = UtcDateTime(), sqlite.dialect()
    moment = datetime(2026, 1, 2, 5, tzinfo=timezone(timedelta(hours=2)))
    stored = column.process_bind_param(moment, dialect)
    assert stored == datetime(2026, 1, 2, 3)
    assert column.process_result_value(stored, dialect) == moment
    assert column.process_bind_param(None, dialect) is None
    with pytest.raises(ValueError, match="naive"):
        column.process_bind_param(datetime(2026, 1, 2), dialect)
