"""Events as lines: every field, one line each, whatever is in them."""

import json
from datetime import UTC, datetime

from server.audit.export import line
from server.db.models import AuditEvent


def test_an_event_is_one_line():
    time = datetime(2026, 1, 1, microsecond=7, tzinfo=UTC)
    event = AuditEvent(id=3, seq=2, time=time, action="x", data={"a": "1\n2\ud800"}, mac=b"\x01\x02")
    written = line(event)
    assert written.count(b"\n") == 1
    told = json.loads(written)
    assert (told["time"], told["data"], told["mac"]) == ("2026-01-01T00:00:00.000007+00:00", event.data, "0102")
    assert json.loads(line(AuditEvent(id=1, time=time, action="x")))["mac"] is None
