"""A database, and a small server, of each test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.engine import Database
from tests.harness.database import fresh_database
from tests.unit.server.vault.house import House


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = fresh_database(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.aclose()
