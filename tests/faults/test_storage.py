"""What storage can do to a refresh: a full disk, a lock, lost connections, clocks that jump, an old backup.

F-17, F-22, F-25, F-29 to F-31. What is sent is stored, or nothing is sent (R-11).
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from server.db.clock import now
from server.db.engine import Database
from server.db.reserve import BYTES
from server.db.upgrade import upgrade
from server.vault.vault import uptime
from tests.harness.engine_process import KEY
from tests.harness.grants import Node
from tests.harness.tiny_provider import Form, TinyProvider


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of the test's own; making one takes the right to mount."""
    made = tmp_path / "disk"
    made.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", made], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("this user may not mount a tmpfs")
    yield made
    subprocess.run(["umount", "-l", made], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left."""
    file = disk / "filler"
    with open(file, "ab", buffering=0) as target:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    target.write(b"x" * size)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        (disk / "more").write_bytes(b"x" * 8192)
    (disk / "more").unlink(missing_ok=True)
    return file


class Ticks:
    """A clock that only goes forward, and tests push."""

    ahead = 0.0

    def __call__(self) -> float:
        return uptime() + self.ahead


class Wall:
    """The wall clock, which somebody sets."""

    ahead = 0.0

    def __call__(self) -> datetime:
        return now() + timedelta(seconds=self.ahead)


async def test_f_17_a_disk_that_fills_up_during_a_refresh_costs_no_tokens(disk: Path, provider: TinyProvider):
    url, ticks = f"sqlite:///{disk / 'tabard.db'}", Ticks()
    database = Database(url)
    upgrade(database)
    database.close()
    async with Node(url, KEY, ticks=ticks) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        guid = await node.connect(provider, person, row)
        assert await node.ask(person, row) == "at-0"

        def full_meanwhile(_form: Form) -> None:
            provider.arrived = None
            fill(disk)

        # It fills up between our question and the answer: the room that was kept is used.
        provider.arrived = full_meanwhile
        ticks.ahead += 3600
        before = node.connection(guid)
        said = await node.ask(person, row)
        assert said.startswith("at-")
        after = node.connection(guid)
        assert (after.version, after.attempt_hash, after.lease_owner) == (before.version + 1, None, None)
        assert not Path(f"{disk / 'tabard.db'}.reserve").exists()
        # Now it is full before anything is asked: nothing is, and what lives is served meanwhile.
        fill(disk)
        ticks.ahead += 3570
        assert [await node.ask(person, row) for _ in range(3)] == [said] * 3
        ticks.ahead += 60
        assert (await node.ask(person, row)).startswith("TryLater: The server cannot write to its database now.")
        assert len(provider.refreshes) == 1
        # With space again it goes on by itself.
        (disk / "filler").unlink()
        assert (await node.ask(person, row)).startswith("at-")
        assert Path(f"{disk / 'tabard.db'}.reserve").stat().st_size == BYTES
        assert len(set(provider.refreshes)) == len(provider.refreshes) == 2
        assert not provider.ended


async def test_f_22_a_locked_database_is_waited_for_and_holds_up_nothing_else(on_sqlite: str, provider: TinyProvider):
    ticks = Ticks()
    async with Node(on_sqlite, KEY, ticks=ticks) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        await node.connect(provider, person, row)
        assert await node.ask(person, row) == "at-0"
        ticks.ahead += 3600
        with closing(sqlite3.connect(on_sqlite.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            asking = asyncio.create_task(node.ask(person, row))
            longest, began = 0.0, uptime()
            while uptime() - began < 0.5:
                before = uptime()
                await asyncio.sleep(0.01)
                longest = max(longest, uptime() - before)
            assert not asking.done()
            assert provider.refreshes == [], "without the marker nothing is sent"
            other.execute("ROLLBACK")
        assert (await asking).startswith("at-")
        assert longest < 0.3
        assert len(provider.refreshes) == 1


async def test_f_25_a_refresh_outlives_the_loss_of_every_connection_to_postgresql(
    on_postgresql: str, provider: TinyProvider
):
    ticks, other = Ticks(), Database(on_postgresql)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"

    def cut(_form: Form) -> None:
        provider.arrived = None
        other.write_now(lambda s: s.execute(text(f"{others} AND pid <> pg_backend_pid()")))

    async with Node(on_postgresql, KEY, ticks=ticks) as node:
        node.db.changes.begin()
        following = asyncio.create_task(node.db.changes.follow())
        person, row = await node.person("alice"), await node.integration(provider.url)
        guid = await node.connect(provider, person, row)
        assert await node.ask(person, row) == "at-0"
        provider.arrived = cut
        ticks.ahead += 3600
        said = await node.ask(person, row)
        assert said.startswith("at-")
        assert len(provider.refreshes) == 1
        assert node.connection(guid).lease_owner is None
        # What others write is heard again, too.
        heard = asyncio.Event()
        node.db.changes.when(["connections"], heard.set)
        other.write_now(lambda s: s.execute(text("DELETE FROM connections")))
        await asyncio.wait_for(heard.wait(), 5)
        assert await node.ask(person, row) == "NotConnected: "
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    other.close()


@pytest.mark.parametrize("jump", [3600, 400 * 86400, -3600, -86400])
async def test_f_29_f_30_a_wall_clock_that_jumps_makes_no_token_older_or_younger(
    on_sqlite: str, provider: TinyProvider, jump: float
):
    wall, ticks = Wall(), Ticks()
    async with Node(on_sqlite, KEY, clock=wall, ticks=ticks) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        await node.connect(provider, person, row)
        assert await node.ask(person, row) == "at-0"
        wall.ahead = jump
        ticks.ahead += 5
        assert [await node.ask(person, row) for _ in range(5)] == ["at-0"] * 5
        assert provider.refreshes == []
        ticks.ahead += 3590
        said = {await node.ask(person, row) for _ in range(5)}
        assert len(said) == 1
        assert len(provider.refreshes) == 1, "when its time is over it is renewed, once"


async def test_f_31_an_old_backup_ends_in_a_clean_consent(on_sqlite: str, provider: TinyProvider, tmp_path: Path):
    file, ticks = Path(on_sqlite.removeprefix("sqlite:///")), Ticks()
    async with Node(on_sqlite, KEY) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        guid = await node.connect(provider, person, row)
    shutil.copy(file, tmp_path / "backup.db")
    async with Node(on_sqlite, KEY, ticks=ticks) as node:
        assert await node.ask(person, row) == "at-0"
        ticks.ahead += 3600
        assert (await node.ask(person, row)).startswith("at-")
    for left in tmp_path.glob(f"{file.name}-*"):
        left.unlink()
    shutil.copy(tmp_path / "backup.db", file)
    async with Node(on_sqlite, KEY) as node:
        node.expire(guid)
        assert await node.ask(person, row) == "NeedsConsent: invalid_grant"
        assert await node.ask(person, row) == "NeedsConsent: invalid_grant"
        assert len(provider.refreshes) == 2
        guid = await node.connect(provider, person, row)
        node.expire(guid)
        assert (await node.ask(person, row)).startswith("at-")
