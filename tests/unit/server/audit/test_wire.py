"""Events in words."""

from datetime import UTC, datetime

from server.audit.wire import audit_entry, described, in_words
from server.db.models import AuditEvent


def test_in_words():
    assert in_words("add_api_key") == "Add api key"
    assert described("edit", {"fields": ["a"], "n": 1, "s": "x"}) == 'Edit (fields: ["a"], n: 1, s: x)'
    event = AuditEvent(id=3, time=datetime(2026, 1, 1, tzinfo=UTC), action="edit", actor="ann", actor_guid="g", data={})
    assert audit_entry((event, 7, "Ann Lee")) == {
        "id": "3",
        "time": "2026-01-01T00:00:00Z",
        "user_id": "7",
        "user_guid": "g",
        "user_description": "Ann Lee (ann)",
        "action": "edit",
        "event_description": "Edit",
    }
