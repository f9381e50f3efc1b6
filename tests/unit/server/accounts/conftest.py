"""A database of each test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.engine import Database
from tests.harness.database import fresh_database
from tests.unit.server.accounts.people import People


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = fresh_database(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def people(db: Database) -> AsyncIterator[People]:
    made = People(db)
    yield made
    await made.trail.aclose()
    made.passwords.close()
