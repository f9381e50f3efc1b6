"""A tag on the wire."""

from datetime import UTC, datetime

from server.db.models import Tag
from server.tags.wire import tag_object

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_ids_are_texts_and_a_category_has_no_parent():
    tag = Tag(id=5, name="a", parent_id=2, created_time=MOMENT, updated_time=MOMENT)
    assert tag_object(tag) == {
        "id": "5", "name": "a", "parent_id": "2",
        "created_time": "2026-01-02T03:04:05Z", "updated_time": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    assert tag_object(Tag(id=2, name="k", created_time=MOMENT, updated_time=MOMENT))["parent_id"] is None
