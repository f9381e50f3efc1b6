"""Execution environments in the database: a change keeps what it does not name; entries go with them."""

import pytest

from server.accounts import store as accounts
from server.db.engine import Database
from server.images import store
from server.web.errors import ApiError

NEW = {"name": "image", "cluster_name": "Kubernetes", "installations": {"r": {"installations": []}}}


def test_a_change_keeps_the_rest(db: Database):
    row = db.write_now(store.add, dict(NEW))
    changed = db.write_now(store.change, row.guid, {"title": "T", "installations": {"python": {"installations": []}}})
    assert (changed.title, changed.name, set(changed.installations)) == ("T", "image", {"r", "python"})
    assert changed.updated_time >= row.updated_time


def test_entries_go_with_it(db: Database):
    person = db.write_now(lambda s: accounts.add_user(s, username="ann", role="viewer"))
    row = db.write_now(store.add, dict(NEW))
    db.write_now(store.permit, row.id, person.guid, None)
    assert db.write_now(store.remove, row.guid) == "image"
    assert db.read_now(store.permissions, row.id) == []
    with pytest.raises(ApiError):
        db.read_now(store.by_guid, row.guid)
