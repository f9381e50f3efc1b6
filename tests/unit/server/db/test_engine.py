"""One call is one transaction; what goes wrong is told without credentials."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from server.db.engine import Database, DatabaseUnavailable
from server.db.models import Meta


def put(session: Session, name: str) -> None:
    session.add(Meta(name=name, value=b"x"))


async def test_writes_are_whole_or_not_at_all(db: Database):
    def half(session: Session) -> None:
        put(session, "a")
        session.flush()
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        await db.write(half)
    assert await db.read(lambda s: s.get(Meta, "a")) is None
    await db.write(put, "a")
    found = await db.read(lambda s: s.get(Meta, "a"))
    assert found is not None
    assert found.value == b"x"


async def test_a_writer_that_a_constraint_stops_looks_again_once(db: Database):
    tries: list[int] = []

    def late(session: Session) -> str:
        tries.append(1)
        if len(tries) == 1:
            session.connection().exec_driver_sql("insert into meta values ('a', x'00'), ('a', x'00')")
        return "second look"

    assert await db.write(late) == "second look"
    await db.write(put, "a")
    with pytest.raises(IntegrityError):
        await db.write(put, "a")


async def test_many_writers_at_once(db: Database):
    await asyncio.gather(*(db.write(put, f"n{n}") for n in range(50)))
    names = await db.read(lambda s: s.connection().exec_driver_sql("select count(*) from meta").scalar())
    assert names == 50


def test_sqlite_is_durable_and_checks_references(db: Database):
    def read(session: Session) -> list[object]:
        return [
            session.connection().exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        ]

    assert db.read_now(read) == ["wal", 2, 1, 1]


def test_a_database_that_cannot_be_reached_tells_no_password():
    made = Database("postgresql+psycopg://user:hunter2@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable) as caught:
        made.read_now(lambda s: s.get(Meta, "a"))
    assert "hunter2" not in str(caught.value)
    made.close()
