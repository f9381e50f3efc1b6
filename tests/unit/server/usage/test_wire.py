"""Visits and live connections as clients read them."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from server.usage.wire import hit_object, use_object, visit_object

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
WIRE = "2026-11-21T09:30:00Z"


def test_the_shapes():
    hit: Any = SimpleNamespace(
        id=5, time=MOMENT, bundle_id=7, path="/page", user_agent="Firefox", content_guid="g", user_guid="u"
    )
    # No key called `path` or `ctx` at the top: posit-sdk builds its objects from the keys (connect-api.md 0.4).
    assert hit_object(hit) == {
        "id": 5,
        "user_guid": "u",
        "content_guid": "g",
        "timestamp": WIRE,
        "data": {"path": "/content/g/page", "user_agent": "Firefox"},
    }
    assert visit_object(hit) == {
        "content_guid": "g",
        "user_guid": "u",
        "variant_key": None,
        "rendering_id": None,
        "bundle_id": 7,
        "time": WIRE,
        "data_version": 3,
        "path": "/content/g/page",
    }
    use: Any = SimpleNamespace(id="k", started=MOMENT, ended=None, content_guid="g", user_guid="u")
    assert use_object(use) == {"content_guid": "g", "user_guid": "u", "started": WIRE, "ended": None, "data_version": 1}
