"""The database: one call is one transaction, run off the event loop; no transaction can span an await."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

T = TypeVar("T")


class DatabaseUnavailable(Exception):
    """The database cannot be reached or is locked; the text holds no credentials."""


class CannotStore(Exception):
    """A value that no column can hold: PostgreSQL refuses NUL in text, and numbers that are too large."""


class Database:
    """Reads and writes as functions of a session: `await db.write(insert_user, name)`.

    Each function runs in a thread and in one transaction, so a transaction never waits for the network
    (security.md R-10). On SQLite there is one writer thread; on PostgreSQL reads and writes share a pool.
    """

    def __init__(self, url: str, *, threads: int = 4) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(url) if self.is_sqlite else _postgresql(url, threads)
        self._readers = ThreadPoolExecutor(threads, "db-read")
        self._writers = ThreadPoolExecutor(1, "db-write") if self.is_sqlite else self._readers
        self._write_engine = self.engine.execution_options(tabard_write=True)

    def _run(self, engine: Engine, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        try:
            with closing(Session(engine, expire_on_commit=False)) as session, session.begin():
                return work(session, *args)
        except OperationalError as error:
            raise DatabaseUnavailable(type(error.orig).__name__) from error
        except DataError as error:
            raise CannotStore(type(error.orig).__name__) from error

    def read_now(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work(session, *args)` in this thread; for start-up and commands."""
        return self._run(self.engine, work, args)

    def write_now(self, work: Callable[..., T], *args: Any) -> T:
        """As read_now, with the writer's lock taken at the beginning; committed when it returns.

        Where writers run side by side, two may pass the same check at once; the one that a constraint stops is
        run again, and now meets what the other wrote. So `work` must not change its arguments.
        """
        try:
            return self._run(self._write_engine, work, args)
        except IntegrityError:
            return self._run(self._write_engine, work, args)

    async def read(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work(session, *args)` in a reader thread. Raises DatabaseUnavailable."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self.read_now(work, *args))

    async def write(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work(session, *args)` in the writer; durable when this returns. Raises DatabaseUnavailable."""
        loop, context = asyncio.get_running_loop(), copy_context()
        return await loop.run_in_executor(self._writers, lambda: context.run(self.write_now, work, *args))

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
        pool_size=threads,
        max_overflow=2,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5},
        hide_parameters=True,
    )
