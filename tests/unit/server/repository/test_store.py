"""Repository settings in the database."""

from datetime import timedelta

from server.accounts import store as accounts
from server.content import store as content
from server.db.clock import now
from server.db.engine import Database
from server.repository import store

HERE = {"repository": "https://example.org/a", "polling": True}


def make(db: Database, count: int = 1) -> list[int]:
    owner = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    return [db.write_now(content.add, owner.id, {"name": f"item{n}"}).id for n in range(count)]


def test_another_place_is_not_known_yet(db: Database):
    (item,) = make(db)
    db.write_now(store.put, item, HERE)
    db.write_now(lambda s: store.looked(s, item, commit="c"))
    db.write_now(lambda s: store.looked(s, item, error="gone"))
    kept = db.write_now(store.put, item, {"polling": False})
    assert (kept.last_known_commit, kept.last_error) == ("c", "gone")
    moved = db.write_now(store.put, item, {"branch": "other"})
    assert (moved.last_known_commit, moved.last_error, moved.checked_time) == (None, None, None)


def test_which_are_due(db: Database):
    first, second, third, fourth = make(db, 4)
    for item in (first, second, fourth):
        db.write_now(store.put, item, HERE)
    db.write_now(store.put, third, HERE | {"polling": False})
    db.write_now(lambda s: store.looked(s, first, commit="c"))
    guid = db.read_now(content.by_id, fourth).guid
    db.write_now(content.change, guid, {"locked": True})
    assert [row.content_id for row, _guid in db.read_now(store.due, now() - timedelta(minutes=5), 10)] == [second]
    later = now() + timedelta(seconds=1)
    assert {row.content_id for row, _guid in db.read_now(store.due, later, 10)} == {first, second}
