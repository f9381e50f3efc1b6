"""A person's marks, and nobody else's."""

import pytest

from server.accounts import store as accounts
from server.content import bookmarks
from server.content import store as content
from server.db.engine import Database
from server.web.errors import ApiError


def test_marked_twice_and_taken_off_twice(db: Database):
    ann, bob = (
        db.write_now(lambda s, n=name: accounts.add_user(s, username=n, role="publisher")).id or 0
        for name in ("ann", "bob")
    )
    one, two = (db.write_now(content.add, ann, {}).id or 0 for _ in range(2))
    for _ in range(2):
        db.write_now(bookmarks.add, ann, one)
    db.write_now(bookmarks.add, bob, two)
    assert db.read_now(bookmarks.among, ann, [one, two]) == {one}
    assert db.read_now(bookmarks.one, ann, one).created_time.tzinfo is not None
    for _ in range(2):
        db.write_now(bookmarks.remove, ann, one)
    with pytest.raises(ApiError) as caught:
        db.read_now(bookmarks.one, ann, one)
    assert caught.value.status == 404
    assert db.read_now(bookmarks.among, bob, [one, two]) == {two}
