"""Processes that can be killed, a provider that notices reuse, and both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.db.engine import Database
from server.db.upgrade import upgrade
from server.settings import PARSERS
from tests.harness.database import fresh_database
from tests.harness.engine_process import Engines, engines
from tests.harness.postgres import Postgres, postgres
from tests.harness.tiny_provider import TinyProvider


@pytest.fixture(scope="session")
def forks() -> Iterator[Engines]:
    with engines() as made:
        yield made


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(scope="session")
def schema(server: Postgres) -> str:
    """A PostgreSQL database with the newest schema, to be copied."""
    name = server.create()
    database = Database(str(PARSERS["database_url"](server.url(name))))
    upgrade(database)
    database.close()
    return name


@pytest.fixture
def on_postgresql(server: Postgres, schema: str) -> str:
    """The URL of a PostgreSQL database of the test's own."""
    return str(PARSERS["database_url"](server.url(server.create(schema))))


@pytest.fixture
def on_sqlite(tmp_path: Path) -> str:
    """The URL of a SQLite database of the test's own."""
    made = fresh_database(tmp_path)
    made.close()
    return str(made.url)


@pytest.fixture
def provider() -> Iterator[TinyProvider]:
    with TinyProvider() as made:
        yield made
