"""The rows of groups: counted, found, and given up by an owner whose account goes."""

from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, delete

from server.accounts import store as accounts
from server.content import reach
from server.db.engine import Database
from server.db.models import User
from server.groups import store
from server.sessions import store as sessions
from server.web.caller import Caller
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


@pytest.mark.parametrize(
    "name",
    ["\xad", "\u3000", "\u2800", "\ufe0f", "\U000e0041", "A\xa0", "\u2003A"]
    + [f"A{unseen}" for unseen in "\xad\u034f\u061c\u115f\u1160\u180e\u200b\u202e\u2066\u2800\u3164\ufeff\uffa0"],
)
def test_nothing_in_a_name_is_unseen(name: str):
    """Else two groups look the same in the list of whom to share with (security.md S-16)."""
    with pytest.raises(ApiError):
        store.checked_name(name)


def test_names_that_look_the_same_are_the_same():
    same = {
        store.name_key(name) for name in ("Finance", "FINANCE", "\uff26inance", "Finance\ufe0f", "Finance\U000e0041")
    }
    assert same == {"finance"}
    assert store.checked_name("Data \u2764\ufe0f") == "Data \u2764\ufe0f"


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
    counted: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            counted.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    asked: list[int] = []
    for start, end in ((0, 2), (2, 60)):

        def fill(session: Session, start: int = start, end: int = end) -> None:
            for number in range(start, end):
                group = store.add(session, f"group {number:02}", ann.id or 0)
                store.join(session, group.id, accounts.add_user(session, username=f"p{number}").guid)
                store.join(session, group.id, ann.guid)
                if number > 0:
                    store.join(session, 1, accounts.by_name(session, f"p{number}").guid)

        db.write_now(fill)
        counted.clear()
        rows, total = db.read_now(lambda s: store.listing(s, paging=Paging(1, 25)))
        people, there = db.read_now(lambda s: store.members(s, 1, paging=Paging(1, 25)))
        db.read_now(lambda s: accounts.list_users(s, accounts.Wanted(prefix="p"), Paging(1, 25)))
        db.read_now(sessions.with_groups, Caller(user_id=ann.id or 0, guid=ann.guid, role="publisher"))
        db.read_now(reach.roles, ann.guid)
        asked.append(len(counted))
        assert (len(rows), total, len(people), there) == (min(end, 25), end, min(end + 1, 25), end + 1)
    assert asked[0] == asked[1]
