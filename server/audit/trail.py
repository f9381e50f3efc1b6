"""Writes audit events: inside a caller's transaction, by themselves, or later in batches off the hot path."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from copy import copy
from typing import Any

from sqlmodel import Session

from server.db.chain import Fact, promise
from server.db.clock import now
from server.db.engine import Database, DatabaseUnavailable
from server.web.caller import Caller
from server.web.whence import whence

log = logging.getLogger("tabard.audit")
MOST_WAITING = 50_000
BATCH = 500
# Seconds between batches: what a kill -9 can cost of events that were only promised for later.
GATHER = 0.25


# Columns, and under which names of an event's data callers say what is in them; the first that is said counts.
LIFTED = {
    "subject": ("user", "user_guid"),
    "content": ("content", "content_guid"),
    "integration": ("integration",),
    "connection": ("connection",),
    "bundle": ("bundle", "bundle_id"),
    "address": ("address",),
}


def event(actor: Caller | None, action: str, data: dict[str, Any]) -> Fact:
    """One event; without an actor the system itself acts (connect-behaviour.md 5).

    What `data` says of person, content, integration, connection and bundle is also put where it can be looked up
    (LIFTED); who acts on a connection without saying whose it is acts on an own one. Address and name of the request
    are those of the request that is being answered.
    """
    made = Fact(action, data, now())
    for column, names in LIFTED.items():
        for name in names:
            said = data.get(name)
            if said:
                if isinstance(said, str | int):
                    setattr(made, column, str(said))
                break
    if actor is not None and actor.signed_in:
        made.actor_guid, made.actor = actor.guid, actor.username
        if made.connection is not None and made.subject is None:
            made.subject = actor.guid
    here = whence()
    made.address, made.request_id = made.address or here.address or None, here.request_id or None
    return made


def _insert(session: Session, events: list[Fact]) -> None:
    promise(session, events)


class Trail:
    """The one way events get into the table. `data` is JSON and holds names, GUIDs and reasons only."""

    def __init__(self, db: Database, *, gather: float = GATHER) -> None:
        self._db = db
        self._gather = gather
        self._waiting: deque[Fact] = deque()
        # What `again` has put there and nobody has begun to write, by the fact it repeats.
        self._repeated: dict[int, tuple[Fact, Fact]] = {}
        self._lost = 0
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def record(self, session: Session, actor: Caller | None, action: str, **data: Any) -> None:
        """Add an event to the caller's own transaction: it is there exactly when the change is."""
        promise(session, [event(actor, action, data)])

    async def append(self, actor: Caller | None, action: str, **data: Any) -> None:
        """Write one event now. Raises DatabaseUnavailable."""
        await self._db.write(_insert, [event(actor, action, data)])

    def later(self, actor: Caller | None, action: str, **data: Any) -> Fact:
        """Write an event soon, without making the caller wait; returns it. Needs a running loop.

        When the database stays away for so long that MOST_WAITING events wait, the oldest go; the number
        lost is logged and audited.
        """
        made = event(actor, action, data)
        self._put(made)
        return made

    def again(self, fact: Fact) -> None:
        """The same happened once more, from the same address: as `later`.

        What happens again before it was written down is one event that says how many `times`, so that an app that
        asks in a loop fills no ledger.
        """
        here = whence()
        before, waiting = self._repeated.get(id(fact), (None, None))
        if before is fact and waiting is not None and waiting.address == (here.address or None):
            waiting.data["times"] += 1
            return
        made = copy(fact)
        made.data, made.spelled = {**fact.data, "times": 1}, ""
        made.time, made.seq, made.mac = now(), None, None
        made.address, made.request_id = here.address or None, here.request_id or None
        self._repeated[id(fact)] = fact, made
        self._put(made)

    def _put(self, made: Fact) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(made)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="audit")

    async def _write(self) -> None:
        while self._waiting:
            if len(self._waiting) < BATCH and not self._closing.is_set():
                await _pause(self._closing, self._gather)
            self._repeated.clear()
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            if self._lost:
                log.error("%d audit events were lost while the database was away", self._lost)
                batch.append(event(None, "lose_audit_events", {"count": self._lost}))
                self._lost = 0
            try:
                await self._db.write(_insert, batch)
            except DatabaseUnavailable:
                self._waiting.extendleft(reversed(batch))
                if self._closing.is_set():
                    log.error("%d audit events could not be written", len(self._waiting))
                    return
                await _pause(self._closing, 2.0)

    async def aclose(self) -> None:
        """Write what still waits."""
        self._closing.set()
        if self._writer is not None:
            await self._writer
        if self._waiting:
            await self._write()


async def _pause(ended: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        return
