"""The rows of groups: counted, found, and given up by an owner whose account goes."""

import pytest
from sqlmodel import Session, delete

from server.accounts import store as accounts
from server.db.engine import Database
from server.db.models import User
from server.groups import store
from server.web.errors import ApiError
from server.web.paging import Paging


def test_a_group_outlives_its_owner(db: Database):
    ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher", first_name="Ann"))
    made = db.write_now(store.add, "Friends", ann.id)
    assert (made.owner_guid, made.owner_name, made.members) == (ann.guid, "Ann", 0)
    db.write_now(store.join, made.id, ann.guid)
    assert db.read_now(store.member_guids, made.id) == {ann.guid}

    def remove(session: Session) -> None:
        session.exec(delete(User))

    db.write_now(remove)
    left = db.read_now(store.by_guid, made.guid)
    assert (left.owner_guid, left.owner_name, left.members) == (None, "", 0)


def test_known_groups(db: Database):
    ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    made = db.write_now(store.add, "Friends", ann.id)
    assert db.read_now(store.known, [made.guid, "x"]) == {made.guid}
    assert db.read_now(store.known, []) == set()
    with pytest.raises(ApiError):
        db.write_now(store.change, 99)
    with pytest.raises(ApiError):
        db.write_now(store.drop, 99, "x")


def test_lists_take_the_same_number_of_statements_however_long_they_are(db: Database):
    ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))

    def fill(session: Session) -> None:
        for number in range(60):
            store.add(session, f"group {number:02}", ann.id or 0)

    db.write_now(fill)
    rows, total = db.read_now(lambda s: store.listing(s, paging=Paging(2, 25)))
    assert (rows[0].name, len(rows), total) == ("group 25", 25, 60)
