"""What a transaction wrote is found out by itself, whichever way it was written, and bookkeeping is not told."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, delete, select, update

from server.db.clock import now
from server.db.engine import Database
from server.db.models import BrowserSession, Connection, User
from server.db.touched import QUIET_COLUMNS, QUIET_INSERTS, QUIET_TABLES, Touched, gathering


def touched(db: Database, write: Callable[[Session], object]) -> dict[str, object]:
    found = Touched()
    with gathering(found), Session(db.engine) as session, session.begin():
        write(session)
    return found.tables


def person(name: str) -> User:
    return User(guid=name, username=name, username_key=name)


@pytest.fixture
def people(db: Database) -> list[int]:
    rows = [person(name) for name in ("ann", "ben", "cid")]
    db.write_now(lambda s: s.add_all(rows))
    return [row.id or 0 for row in rows]


def change(session: Session, **fields: object) -> None:
    for row in session.exec(select(User).where(User.guid != "cid")).all():
        for name, value in fields.items():
            setattr(row, name, value)
        session.add(row)


def test_new_rows_are_nobodys_yet(db: Database, people: list[int]):
    assert touched(db, lambda s: s.add(person("new"))) == {"users": frozenset()}


def test_changed_and_deleted_rows_are_named(db: Database, people: list[int]):
    ann, ben, _cid = people
    assert touched(db, lambda s: change(s, role="publisher")) == {"users": frozenset({ann, ben})}
    assert touched(db, lambda s: s.delete(s.get(User, ann))) == {"users": frozenset({ann})}


@pytest.mark.parametrize(
    "write",
    [
        update(User).where(col(User.guid) == "ann").values(email="a@example.org"),
        update(User).where(col(User.guid) == "ann").values(email="a@example.org", active_time=None),
        delete(User).where(col(User.guid) == "ann"),
        delete(User).where(col(User.guid) == "ann").returning(col(User.id)),
        text("update users set role = 'viewer'"),
        text("delete from users"),
        text("insert into users(guid) select 1 where false"),
    ],
)
def test_statements_touch_any_row_of_their_table(db: Database, people: list[int], write):
    assert touched(db, lambda s: s.execute(write)) == {"users": None}


@pytest.mark.parametrize(
    "write",
    [
        lambda s: s.execute(select(User)),
        lambda s: change(s, active_time=now()),
        lambda s: s.execute(update(User).where(col(User.guid) == "ann").values(active_time=now())),
        lambda s: s.execute(update(User).where(col(User.guid) == "nobody").values(role="viewer")),
        lambda s: s.execute(update(Connection).values(lease_owner="me", fence=Connection.fence + 1)),
        lambda s: s.add(BrowserSession(token_hash="t", guid="s", user_id=1, expires_at=now())),
        lambda s: s.execute(text("select 'delete from users'")),
    ],
)
def test_what_makes_nothing_false_is_quiet(db: Database, people: list[int], write):
    assert touched(db, write) == {}


def test_outside_of_a_gathering_nothing_is_noted(db: Database):
    found = Touched()
    with gathering(found):
        pass
    with Session(db.engine) as session, session.begin():
        session.add(person("ann"))
    assert not found


def test_rows_add_up_until_they_may_be_any():
    found = Touched({"a": frozenset({1})})
    found.add("a", frozenset({2}))
    found.add("b", frozenset())
    assert found.tables == {"a": frozenset({1, 2}), "b": frozenset()}
    found.add("a", None)
    found.add("a", frozenset({3}))
    assert found.tables["a"] is None


def test_every_quiet_name_exists():
    tables = User.metadata.tables
    assert set(tables) >= QUIET_TABLES | QUIET_INSERTS | set(QUIET_COLUMNS)
    for table, columns in QUIET_COLUMNS.items():
        assert columns <= {column.name for column in tables[table].columns}
