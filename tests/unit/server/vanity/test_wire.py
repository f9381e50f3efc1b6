"""A path on the wire."""

from datetime import UTC, datetime

from server.db.models import Vanity
from server.vanity.wire import vanity_object


def test_exactly_the_keys_the_sdk_takes():
    row = Vanity(content_id=1, path="/A/", path_key="/a/", created_time=datetime(2026, 1, 2, tzinfo=UTC))
    assert vanity_object(row, "g") == {"path": "/A/", "content_guid": "g", "created_time": "2026-01-02T00:00:00Z"}
