"""What one gateway has to hear of another's writes: the contract under which anything may be kept in memory.

Every transaction that commits through `Database` says in the table `changes` which tables and rows it touched
(server.db.touched finds out by itself). Every gateway reads that table four times a second and forgets what
depends on it. The contract for whoever remembers something that was read from the database:

* Register with `when` (tables) or `when_rows` (one table, by number) what is to be forgotten, before reading
  anything. It is called on the event loop, at most once for each reading of the table, within half a second of
  another gateway's commit. With `here=True` it is also called for this gateway's own commits, before the
  `await db.write(...)` that made them returns, so that nothing answered afterwards is older than the write.
* Name every table whose change matters, those included from which the database deletes by cascade:
  deleting a person deletes her connections, but touches `users`.
* Ask `trusted()` before each answer from memory. It is False when the changes could not be read for a second:
  then ask the database, or say that it is not available.
* A value read while something was forgotten must not be kept (compare a counter, as Remembered does).

So on every gateway what was revoked is refused at most a second after the commit (security.md T-50, O-35, X-06).

On SQLite there is one gateway, which says nothing and is always trusted; only commands that run beside it say
what they touched, and it listens for that.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, literal_column, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from server.db.clock import UtcDateTime, now
from server.db.models.system import Change
from server.db.owner import new_owner
from server.db.touched import Rows, Touched

# All that is not certainly over, or is newer than what was over before.
NEWER = text(
    "SELECT pg_snapshot_xmin(s.now)::text::bigint, c.id, c.number, c.origin, c.touched "
    "FROM (SELECT pg_current_snapshot() AS now) s LEFT JOIN changes c ON c.number >= :floor"
)
log = logging.getLogger("tabard.changes")
# Seconds between readings.
EVERY = 0.25
# Commands beside a server on SQLite are rare.
EVERY_ON_SQLITE = 0.5
# Seconds since the beginning of the last good reading after which memory is not to be trusted.
TRUSTED = 1.0
SWEEP = 60.0
KEPT = timedelta(minutes=5)
# Who has not read for so long may have missed what was swept.
MISSED = KEPT.total_seconds() - SWEEP

Here = bool


class Changes:
    """Tells other gateways what this one has written, and those who remember what others have."""

    def __init__(
        self, engine: Engine, *, clock: Callable[[], float] = time.monotonic, every: float | None = None
    ) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._clock = clock
        self._every = every or (EVERY_ON_SQLITE if self._sqlite else EVERY)
        self.origin = new_owner()
        self.announcing = not self._sqlite
        """Whether commits are written down for others. A command beside a server on SQLite turns it on."""
        self._tables: list[tuple[frozenset[str], Callable[[], object], Here]] = []
        self._rows: list[tuple[str, Callable[[Rows], object], Here]] = []
        self._reader: Connection | None = None
        self._floor = 0
        self._seen: set[int] = set()
        self._confirmed: float | None = None
        self._swept = clock()

    def when(self, tables: Iterable[str], forget: Callable[[], object], *, here: bool = False) -> None:
        """Call `forget()` after a commit, by another gateway or command, that touched one of these tables.

        With `here` after commits of this gateway as well.
        """
        self._tables.append((frozenset(tables), forget, here))

    def when_rows(self, table: str, forget: Callable[[Rows], object], *, here: bool = False) -> None:
        """As `when` for one table, with the numbers of the rows that were changed or deleted; None: any of them.

        Rows that are new are not told of; who remembers that something is not there needs `when`.
        """
        self._rows.append((table, forget, here))

    def trusted(self) -> bool:
        """Whether what was remembered under this contract may be answered with, at this moment."""
        if self._confirmed is None or self._sqlite:
            return True
        return self._clock() - self._confirmed < TRUSTED

    def announce(self, session: Session, touched: Touched) -> None:
        """In the transaction that touched them, as its last statement: write down what the others must hear."""
        if not touched or not self.announcing:
            return
        what = {table: None if rows is None else sorted(rows) for table, rows in touched.tables.items()}
        # Numbers and times are the database's own: gateways' clocks may differ, and commits may overtake.
        number: Any = 0 if self._sqlite else literal_column("pg_current_xact_id()::text::bigint")
        row = insert(Change).values(number=number, time=self._moment(), origin=self.origin, touched=what)
        session.execute(row)

    def tell_here(self, touched: Touched) -> None:
        """After a commit of this gateway, on its event loop: those who asked for its own changes, too."""
        self._tell(touched, elsewhere=False)

    def begin(self) -> None:
        """Start listening: only what is committed from now on is told. Blocks. Raises SQLAlchemyError."""
        began = self._clock()
        self._read()
        self._confirmed = began

    async def follow(self) -> None:
        """Read the changes until cancelled, and have what depends on them forgotten."""
        reader = ThreadPoolExecutor(1, "db-changes")
        loop = asyncio.get_running_loop()
        try:
            while True:
                began = self._clock()
                try:
                    touched = await loop.run_in_executor(reader, self._poll)
                except SQLAlchemyError as error:
                    if self.trusted():
                        log.warning("the changes of other gateways cannot be read: %s", type(error).__name__)
                else:
                    self._heard(touched, began)
                await asyncio.sleep(max(0.0, self._every - (self._clock() - began)))
        finally:
            ended = asyncio.wrap_future(reader.submit(self._hang_up))
            reader.shutdown(wait=False)
            # The connection goes back before the pool is closed, unless its database hangs.
            await asyncio.wait({ended}, timeout=TRUSTED)

    def _heard(self, touched: Touched | None, began: float) -> None:
        last = self._confirmed
        if touched is None or (last is not None and began - last > MISSED):
            log.warning("changes of other gateways may have been missed; everything is read again")
            touched = self._everything()
        self._tell(touched, elsewhere=True)
        self._confirmed = began

    def _everything(self) -> Touched:
        tables = {table for named, _forget, _here in self._tables for table in named}
        return Touched(dict.fromkeys(tables | {table for table, _forget, _here in self._rows}))

    def _tell(self, touched: Touched, *, elsewhere: bool) -> None:
        if not touched:
            return
        for tables, forget, here in self._tables:
            if (elsewhere or here) and not tables.isdisjoint(touched.tables):
                forget()
        for table, forget_rows, here in self._rows:
            rows = touched.tables.get(table, frozenset())
            if (elsewhere or here) and (rows is None or rows):
                forget_rows(rows)

    def _poll(self) -> Touched | None:
        """What others have touched since the last reading; None when that cannot be told."""
        try:
            found = self._read()
            if self._clock() - self._swept > SWEEP:
                self._swept = self._clock()
                self._sweep()
        except SQLAlchemyError:
            self._hang_up()
            raise
        return found

    def _read(self) -> Touched | None:
        first, before, floor = self._confirmed is None, self._seen, self._floor
        rows = self._newer()
        self._seen = {row[0] for row in rows if row[1] >= self._floor}
        if first:
            return Touched()
        if self._floor < floor:  # another database than before: restored, or a standby that lagged behind
            return None
        touched = Touched()
        for number, _transaction, origin, what in rows:
            if number not in before and origin != self.origin:
                for table, ids in what.items():
                    touched.add(table, None if ids is None else frozenset(ids))
        return touched

    def _newer(self) -> Sequence[Any]:
        """Rows (id, transaction, origin, touched) that may be new; moves the floor.

        On PostgreSQL transactions do not commit in the order of their numbers. All below the floor had ended
        when we last looked; of the others we remember which we have seen.
        """
        if self._sqlite:
            query = select(col(Change.id), col(Change.id), col(Change.origin), col(Change.touched))
            with self._engine.connect() as connection:
                found = connection.execute(query.where(col(Change.id) > self._floor)).all()
            self._floor = max((int(row[0] or 0) for row in found), default=self._floor)
            return found
        if self._reader is None:
            self._reader = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        rows = self._reader.execute(NEWER, {"floor": self._floor}).all()
        self._floor = int(rows[0][0])
        return [row[1:] for row in rows if row[1] is not None]

    def _moment(self) -> Any:
        """The database's clock, which all gateways share."""
        return now() if self._sqlite else literal_column("timezone('utc', clock_timestamp())", UtcDateTime)

    def _sweep(self) -> None:
        with self._engine.execution_options(tabard_write=True).begin() as connection:
            moment = now() if self._sqlite else connection.execute(select(self._moment())).scalar_one()
            connection.execute(delete(Change).where(col(Change.time) < moment - KEPT))

    def _hang_up(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(SQLAlchemyError):
                reader.close()
