"""People and keys on the wire: the keys clients read, times as RFC 3339, and a key's value only where it is given."""

from datetime import UTC, datetime

from server.accounts.wire import key_object, user_object
from server.db.models import ApiKey, User

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def test_a_person():
    user = User(guid="g", username="ann", username_key="ann", email="a@a.org", role="publisher", password_hash="CANARY")
    user.created_time = user.updated_time = MOMENT
    shown = user_object(user)
    assert shown.keys() == {
        "guid", "username", "email", "first_name", "last_name", "user_role", "created_time", "updated_time",
        "active_time", "confirmed", "locked",
    }  # fmt: skip
    assert (shown["user_role"], shown["active_time"], shown["locked"]) == ("publisher", None, False)
    assert shown["created_time"].startswith("2026-11-21T09:30:00")
    assert "CANARY" not in repr(shown)


def test_a_key_is_shown_whole_only_once():
    key = ApiKey(id=7, user_id=1, name="laptop", key_hash="CANARY", hint="abcdefgh", expires_at=MOMENT)
    key.created_time = MOMENT
    assert key_object(key, "the-value")["key"] == "the-value"
    later = key_object(key)
    assert (later["id"], later["key"], later["user_role"], later["last_used_time"]) == ("7", "abcdefgh…", None, None)
    assert later["expires_at"].startswith("2026-11-21T09:30:00")
    assert "CANARY" not in repr(later)
