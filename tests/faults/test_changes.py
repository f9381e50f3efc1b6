"""How gateways on PostgreSQL hear of each other's writes: none is missed, and silence is not taken for news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlmodel import Session

from server.db.changes import KEPT, TRUSTED
from server.db.engine import Database
from server.db.models import User
from server.vault.vault import uptime
from server.web.remembered import Remembered


def person(session: Session, name: str) -> User:
    row = User(guid=name, username=name, username_key=name)
    session.add(row)
    session.flush()
    return row


async def until(condition, seconds: float = 5.0) -> float:
    """Seconds until it came true."""
    began = uptime()
    while not condition():
        assert uptime() - began < seconds
        await asyncio.sleep(0.005)
    return uptime() - began


@pytest.fixture
async def pair(on_postgresql: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two gateways' databases; the second one listens."""
    first, second = Database(on_postgresql), Database(on_postgresql)
    second.changes.begin()
    following = asyncio.create_task(second.changes.follow())
    yield first, second
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    first.close()
    second.close()


async def test_a_transaction_that_commits_late_is_heard_although_later_ones_were(pair: tuple[Database, Database]):
    first, second = pair
    ids = [first.write_now(person, name).id for name in ("early", "late")]
    heard: list[object] = []
    second.changes.when_rows("users", heard.append)

    def slow(session: Session) -> None:
        early = session.get(User, ids[0])
        assert early is not None
        early.first_name = "x"
        session.add(early)
        session.flush()
        # Another transaction begins and ends meanwhile, and the reader looks several times.
        first.write_now(lambda s: s.execute(text(f"UPDATE users SET last_name = 'y' WHERE id = {ids[1]}")))

    await asyncio.to_thread(first.write_now, slow)
    await until(lambda: len(heard) >= 1)

    def held_back(session: Session) -> None:
        session.execute(text("SELECT pg_current_xact_id()"))  # an early number ...
        for _ in range(3):
            first.write_now(_touch, ids[1])
        row = session.get(User, ids[0])
        assert row is not None
        row.first_name = "z"
        session.add(row)
        session.execute(text("SELECT pg_sleep(0.7)"))  # ... and a late commit

    heard.clear()
    await asyncio.to_thread(first.write_now, held_back)
    await until(lambda: any(rows is not None and ids[0] in rows for rows in heard))  # type: ignore[operator]
    told = [rows for rows in heard if rows is not None and ids[0] in rows]  # type: ignore[operator]
    await asyncio.sleep(0.6)
    assert [rows for rows in heard if rows is not None and ids[0] in rows] == told, "once"  # type: ignore[operator]


def _touch(session: Session, number: int) -> None:
    row = session.get(User, number)
    assert row is not None
    row.email += "x"
    session.add(row)


async def test_a_change_is_heard_within_a_second_and_silence_is_not_trusted(
    pair: tuple[Database, Database], on_postgresql: str
):
    first, second = pair
    read = 0

    async def load(_key: str) -> int:
        nonlocal read
        read += 1
        return read

    memory = Remembered(load, changes=second.changes, tables=("users",))
    assert [await memory.get("a"), await memory.get("a")] == [1, 1]
    await first.write(person, "ann")
    assert await until(lambda: not memory._kept) < TRUSTED
    assert [await memory.get("a"), await memory.get("a")] == [2, 2]
    # Somebody holds up the table: nothing is heard, so nothing is answered from memory.
    third = Database(on_postgresql)
    with Session(third.engine) as session:
        session.execute(text("LOCK TABLE changes IN ACCESS EXCLUSIVE MODE"))
        assert await until(lambda: not second.changes.trusted()) < TRUSTED + 0.6
        assert [await memory.get("a"), await memory.get("a")] == [3, 4]
        session.rollback()
    await until(second.changes.trusted)
    assert await memory.get("a") == await memory.get("a")
    third.close()


async def test_old_announcements_are_swept(pair: tuple[Database, Database]):
    first, second = pair
    await first.write(person, "ann")
    minutes = f"interval '{KEPT.total_seconds() + 60} seconds'"
    await first.write(lambda s: s.execute(text(f"UPDATE changes SET time = time - {minutes}")))
    await first.write(person, "ben")
    second.changes._swept -= 3600

    def count() -> int:
        return int(first.read_now(lambda s: s.execute(text("SELECT count(*) FROM changes")).scalar_one()))

    await until(lambda: count() == 1)
