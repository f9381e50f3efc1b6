"""What one process writes, another on the same database hears of; on PostgreSQL: tests/process/test_nodes.py."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select, update

from server.db.changes import KEPT, MISSED, TRUSTED, Changes
from server.db.clock import now
from server.db.engine import Database
from server.db.models import BrowserSession, Change, Group, User
from server.db.touched import Rows


class Heard:
    """Somebody who remembers people and groups."""

    def __init__(self, changes: Changes, *, here: bool = False) -> None:
        self.people = self.either = 0
        self.rows: list[Rows] = []
        changes.when(["users"], self._people, here=here)
        changes.when(["users", "groups"], self._either, here=here)
        changes.when_rows("users", self.rows.append, here=here)

    def _people(self) -> None:
        self.people += 1

    def _either(self) -> None:
        self.either += 1


@pytest.fixture
def command(db: Database) -> Iterator[Database]:
    """A command beside the server: it tells what it writes."""
    made = Database(str(db.url))
    made.changes.announcing = True
    yield made
    made.close()


@asynccontextmanager
async def following(changes: Changes):
    changes._every = 0.02
    changes.begin()
    task = asyncio.create_task(changes.follow())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it was not heard")


def add_person(session: Session, name: str = "ann") -> User:
    row = User(guid=name, username=name, username_key=name)
    session.add(row)
    session.flush()
    return row


def rename(session: Session) -> None:
    row = session.exec(select(User)).one()
    row.first_name += "x"
    session.add(row)


async def test_what_a_command_writes_is_heard_once(db: Database, command: Database):
    db.write_now(add_person)
    heard = Heard(db.changes)
    async with following(db.changes):
        command.write_now(rename)
        command.write_now(lambda s: s.add(Group(guid="g", name="g", name_key="g")))
        await until(lambda: heard.either >= 1 and heard.rows)
        await until(lambda: db.changes._floor == 2)
    assert (heard.people, heard.rows) == (1, [frozenset({1})])
    assert heard.either in (1, 2)


async def test_only_what_comes_after_the_beginning_is_told(db: Database, command: Database):
    command.write_now(add_person)
    heard = Heard(db.changes)
    db.changes.begin()
    db.changes._heard(db.changes._poll(), 0.0)
    assert (heard.either, heard.rows) == (0, [])


async def test_ones_own_writes_are_told_only_to_those_who_ask_and_before_the_writer_goes_on(db: Database):
    deaf, heard = Heard(db.changes), Heard(db.changes, here=True)
    await db.write(add_person)
    assert (heard.people, heard.either, heard.rows) == (1, 1, [])
    db.write_now(rename)
    await db.write(rename)
    assert (heard.people, heard.rows) == (3, [frozenset({1}), frozenset({1})])
    await db.write(lambda s: s.exec(update(User).values(role="publisher")))
    assert heard.rows[-1] is None
    assert (deaf.people, deaf.rows) == (0, [])
    assert db.read_now(lambda s: s.exec(select(Change)).all()) == []


async def test_a_writer_nobody_waits_for_any_more_is_told_of(db: Database):
    heard = Heard(db.changes, here=True)
    task = asyncio.create_task(db.write(add_person))
    await asyncio.sleep(0)
    task.cancel()
    await until(lambda: heard.people == 1)


async def test_what_was_rolled_back_is_not_announced(db: Database, command: Database):
    def fails(session: Session) -> None:
        add_person(session)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await command.write(fails)
    assert db.read_now(lambda s: s.exec(select(Change)).all()) == []


async def test_bookkeeping_is_not_announced(db: Database, command: Database):
    row = db.write_now(add_person)
    command.write_now(lambda s: s.add(BrowserSession(token_hash="t", guid="s", user_id=row.id or 0, expires_at=now())))
    command.write_now(lambda s: s.exec(update(BrowserSession).values(seen_time=now())))
    assert db.read_now(lambda s: s.exec(select(Change)).all()) == []


class Stopped:
    """A clock."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_memory_is_trusted_for_a_second_after_a_reading_began(db: Database):
    clock = Stopped()
    changes = Changes(db.engine, clock=clock)
    assert changes.trusted()
    changes.begin()
    clock.now += 3600
    assert changes.trusted(), "on SQLite there is nobody else"
    changes._sqlite = False
    assert not changes.trusted()
    changes._heard(changes._everything(), clock.now)
    assert changes.trusted()
    clock.now += TRUSTED
    assert not changes.trusted()


def test_whoever_was_away_for_long_forgets_everything(db: Database):
    clock = Stopped()
    changes = Changes(db.engine, clock=clock)
    heard = Heard(changes)
    changes.begin()
    clock.now += MISSED + 1
    changes._heard(changes._read(), clock.now)
    assert (heard.people, heard.either, heard.rows) == (1, 1, [None])


def test_another_database_than_before_is_noticed(db: Database, command: Database):
    heard = Heard(db.changes)
    db.changes.begin()
    db.changes._floor = 900
    db.changes._newer = lambda: setattr(db.changes, "_floor", 5) or []  # type: ignore[method-assign]
    db.changes._heard(db.changes._read(), 0.0)
    assert heard.rows == [None]


def test_old_announcements_are_swept(db: Database, command: Database):
    command.write_now(add_person)
    command.write_now(add_person, "ben")
    db.write_now(lambda s: s.exec(update(Change).where(col(Change.id) == 1).values(time=now() - KEPT - timedelta(1))))
    db.changes.begin()
    db.changes._swept -= 3600
    db.changes._poll()
    assert [row.id for row in db.read_now(lambda s: s.exec(select(Change)).all())] == [2]
