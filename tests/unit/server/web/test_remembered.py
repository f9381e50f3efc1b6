"""A memory that never waits when warm, and is never wrong after it was told."""

import asyncio

from server.db.changes import Changes
from server.db.engine import Database
from server.db.touched import Touched
from server.web.remembered import Remembered
from tests.unit.server.vault.house import until


class Source:
    def __init__(self, changes: Changes | None = None) -> None:
        self.value: str | None = "first"
        self.asked = 0
        self.gate: asyncio.Event | None = None
        self.now = 0.0
        self.memory = Remembered(
            self.load, lambda value: value is not None, changes=changes, tables=("t",), clock=lambda: self.now
        )

    async def load(self, _key: str) -> str | None:
        self.asked += 1
        value = self.value
        if self.gate is not None:
            await self.gate.wait()
        if value == "broken":
            raise RuntimeError
        return value


async def test_a_warm_look_up_asks_nobody():
    source = Source()
    assert [await source.memory.get("a") for _ in range(3)] == ["first"] * 3
    assert source.asked == 1
    source.memory.forget("a")
    source.value = "second"
    assert await source.memory.get("a") == "second"


async def test_what_is_not_worth_keeping_is_asked_each_time():
    source = Source()
    source.value = None
    assert await source.memory.get("a") is None
    source.value = "there"
    assert await source.memory.get("a") == "there"


async def test_an_old_value_is_given_and_renewed_behind():
    source = Source()
    await source.memory.get("a")
    source.now, source.value = 16.0, "second"
    assert await source.memory.get("a") == "first"
    await until(lambda: source.asked == 2)
    assert await source.memory.get("a") == "second"
    source.now, source.value = 40.0, "broken"
    assert await source.memory.get("a") == "second"
    await until(lambda: source.asked == 3)
    assert await source.memory.get("a") == "second"


async def test_a_change_during_a_look_up_is_not_undone_by_it():
    source = Source()
    source.gate = asyncio.Event()
    task = asyncio.create_task(source.memory.get("a"))
    await until(lambda: source.asked == 1)
    source.memory.forget_all()
    source.value = "second"
    source.gate.set()
    assert await task == "first"
    assert await source.memory.get("a") == "second"


async def test_what_another_gateway_wrote_is_forgotten_and_nothing_is_given_while_that_cannot_be_known(
    db: Database, monkeypatch
):
    source = Source(db.changes)
    await source.memory.get("a")
    source.value = "second"
    db.changes._heard(Touched({"elsewhere": None}), 0.0)
    assert await source.memory.get("a") == "first"
    db.changes._heard(Touched({"t": frozenset()}), 0.0)
    assert await source.memory.get("a") == "second"
    monkeypatch.setattr(source.memory, "_trusted", lambda: False)
    source.value = "third"
    assert await source.memory.get("a") == "third"
