"""A share link on the wire tells its secret nowhere but when it is made."""

from datetime import UTC, datetime

from server.db.models import ShareLink
from server.links.wire import made_share_link, share_link_object

MOMENT = datetime(2026, 11, 22, 3, 4, 5, 678, UTC)
ROW = ShareLink(
    guid="g", secret_hash="h", content_id=1, name="Board", created_by="u", created_time=MOMENT, expires_at=MOMENT
)


def test_a_link():
    told = share_link_object(ROW, "c")
    assert told == {
        "guid": "g", "content_guid": "c", "name": "Board", "created_by_guid": "u", "last_used_time": None,
        "created_time": "2026-11-22T03:04:05Z", "expires_time": "2026-11-22T03:04:05Z",
    }  # fmt: skip
    assert made_share_link(ROW, "c", "https://x/__share__/s") == {**told, "url": "https://x/__share__/s"}
