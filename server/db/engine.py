"""The database: one call is one transaction, run off the event loop; no transaction can span an await."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from server.db.chain import Chain, begin, settle
from server.db.changes import Changes
from server.db.owner import new_owner
from server.db.reserve import Reserve
from server.db.touched import Touched, gathering, listen

T = TypeVar("T")
Tell = Callable[[Touched], object]


class DatabaseUnavailable(Exception):
    """The database cannot be reached or is locked; the text holds no credentials."""


class DatabaseFull(DatabaseUnavailable):
    """The disk under SQLite is full."""


class CannotStore(Exception):
    """A value that no column can hold: PostgreSQL refuses NUL in text, and numbers that are too large."""


class Database:
    """Reads and writes as functions of a session: `await db.write(insert_user, name)`.

    Each function runs in a thread and in one transaction, so a transaction never waits for the network
    (security.md R-10). On SQLite there is one writer thread; on PostgreSQL reads and writes share a pool.
    What a transaction touched is told to whoever remembers it, see `changes`. `owner` names this gateway.
    """

    def __init__(self, url: str, *, threads: int = 4, owner: str | None = None) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(url) if self.is_sqlite else _postgresql(url, threads)
        self.owner = owner or new_owner()
        self.changes = Changes(self.engine)
        self.reserve = Reserve(self._beside("reserve"))
        listen(self.engine)
        self._readers = ThreadPoolExecutor(threads, "db-read")
        self._writers = ThreadPoolExecutor(1, "db-write") if self.is_sqlite else self._readers
        self._write_engine = self.engine.execution_options(tabard_write=True)
        self.chain: Chain | None = None

    def link_events(self, chain: Chain, *, begun: bool = False) -> None:
        """From now on audit events are linked. Raises DatabaseUnavailable.

        Those that are there already are linked, too, unless it is known that the chain had `begun`.
        """
        self.write_now(begin, chain, begun)
        self.chain = chain

    def _run(self, engine: Engine, work: Callable[..., T], args: tuple[Any, ...], tell: Tell) -> T:
        touched = Touched()
        try:
            with closing(self._session(engine)) as session, session.begin(), gathering(touched):
                found = work(session, *args)
                session.flush()
                self.changes.announce(session, touched)
                settle(session, self.chain)
                return found
        except OperationalError as error:
            full = getattr(error.orig, "sqlite_errorname", "") == "SQLITE_FULL"
            raise (DatabaseFull if full else DatabaseUnavailable)(type(error.orig).__name__) from error
        except DataError as error:
            raise CannotStore(type(error.orig).__name__) from error
        finally:
            # Also after an error: a commit whose answer was lost may have been made.
            if touched:
                tell(touched)

    def _beside(self, name: str) -> Path | None:
        file = self.url.database
        return None if not self.is_sqlite or not file or file == ":memory:" else Path(f"{file}.{name}")

    def _session(self, engine: Engine) -> Session:
        return Session(engine, expire_on_commit=False, info={"owner": self.owner})

    def read_now(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work(session, *args)` in this thread; for start-up and commands."""
        return self._run(self.engine, work, args, self.changes.tell_here)

    def write_now(self, work: Callable[..., T], *args: Any) -> T:
        """As read_now, with the writer's lock taken at the beginning; committed when it returns.

        Where writers run side by side, two may pass the same check at once; the one that a constraint stops is
        run again, and now meets what the other wrote. So `work` must not change its arguments.
        """
        return self._write(work, args, self.changes.tell_here)

    def _write(self, work: Callable[..., T], args: tuple[Any, ...], tell: Tell) -> T:
        try:
            return self._run(self._write_engine, work, args, tell)
        except IntegrityError:
            return self._run(self._write_engine, work, args, tell)

    async def read(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work(session, *args)` in a reader thread. Raises DatabaseUnavailable."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self._run(self.engine, work, args, self._soon(loop)))

    async def write(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work(session, *args)` in the writer; durable when this returns. Raises DatabaseUnavailable."""
        loop, context = asyncio.get_running_loop(), copy_context()
        tell = self._soon(loop)
        return await loop.run_in_executor(self._writers, lambda: context.run(self._write, work, args, tell))

    def _soon(self, loop: asyncio.AbstractEventLoop) -> Tell:
        """Tells on the loop, before it goes on with whoever waits for the write, or although nobody does any more."""

        def tell(touched: Touched) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody remembers anything
                loop.call_soon_threadsafe(self.changes.tell_here, touched)

        return tell

    def close(self) -> None:
        """Finish what runs and close every connection."""
        self._writers.shutdown()
        self._readers.shutdown()
        self.engine.dispose()


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=6,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 10},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling would delay BEGIN; ours is explicit below.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=10000",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("tabard_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str, threads: int) -> Engine:
    return create_engine(
        url,
        pool_size=threads + 1,
        max_overflow=2,
        pool_pre_ping=True,
        # A server that vanishes without a word is noticed after some seconds.
        connect_args={
            "connect_timeout": 5,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
        hide_parameters=True,
    )
