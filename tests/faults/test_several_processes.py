"""Several processes on one PostgreSQL renew a connection once (O-20), and a holder that slept is fenced (O-23)."""

from __future__ import annotations

import signal
import threading
import time
from datetime import timedelta

from sqlmodel import Session, select

from server.db.clock import now
from server.db.models import Connection
from server.vault.lease import database_now
from tests.harness.engine_process import Engines
from tests.harness.gateway import until
from tests.harness.refreshing import house
from tests.harness.tiny_provider import Form, TinyProvider

LEASE = 1.0


async def test_o_20_two_hundred_exchanges_in_four_processes_at_expiry_are_one_refresh(
    forks: Engines, provider: TinyProvider, on_postgresql: str
):
    provider.delay = 0.5
    async with house(on_postgresql, provider, forks) as there:
        there.node.expire(there.guid)
        at = time.monotonic() + 0.5
        children = [there.start(times=50, at=at) for _ in range(4)]
        said = [token for child in children for token in child.answer()]
        assert len(said) == 200
        assert len(set(said)) == 1, set(said)
        assert said[0].startswith("at-")
        assert len(provider.refreshes) == 1
        assert there.node.connection(there.guid).lease_owner is None


async def test_f_05_o_23_a_holder_that_slept_past_its_lease_is_fenced(
    forks: Engines, provider: TinyProvider, on_postgresql: str
):
    provider.grace = True
    holder, go = threading.Event(), threading.Event()

    def wait(_form: Form) -> None:
        provider.arrived = None
        holder.set()
        go.wait(20)

    async with house(on_postgresql, provider, forks) as there:
        there.node.expire(there.guid)
        provider.arrived = wait
        sleeper = there.start(lease=LEASE)
        assert holder.wait(20)
        sleeper.signal(signal.SIGSTOP)
        go.set()
        until(lambda: len(provider.newest) and provider.before, "the provider to answer the sleeper")
        began = time.monotonic()
        second = there.ask(lease=LEASE)
        assert second.startswith("at-")
        assert time.monotonic() - began < LEASE + 3
        kept = there.node.connection(there.guid)
        sleeper.signal(signal.SIGCONT)
        # Its own answer was not stored; it looks again, and gives out what is there.
        assert sleeper.answer() == [second]
        after = there.node.connection(there.guid)
        assert (after.version, after.sealed_refresh, after.fence) == (kept.version, kept.sealed_refresh, kept.fence)
        assert there.ask() == second
        assert len(provider.refreshes) == 2
        # What is stored is the newest, so the next refresh is a good one.
        there.node.expire(there.guid)
        assert there.ask().startswith("at-")
        assert not provider.ended


async def test_o_24_a_lease_held_elsewhere_is_waited_for_and_ends_by_time(
    forks: Engines, provider: TinyProvider, on_postgresql: str
):
    async with house(on_postgresql, provider, forks) as there:
        row = there.node.expire(there.guid)

        def hold(session: Session) -> None:
            held = session.exec(select(Connection).where(Connection.guid == row.guid)).one()
            held.lease_owner = "a boot of another machine|7|7|x|"
            held.lease_until = database_now(session, now) + timedelta(seconds=LEASE)
            session.add(held)

        there.node.db.write_now(hold)
        assert there.ask().startswith("at-")
        assert len(provider.refreshes) == 1
