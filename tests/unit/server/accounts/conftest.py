"""A database of each test's own."""

from collections.abc import AsyncIterator

import pytest

from server.db.engine import Database
from tests.unit.server.accounts.people import People


@pytest.fixture
async def people(db: Database) -> AsyncIterator[People]:
    made = People(db)
    yield made
    await made.trail.aclose()
    made.passwords.close()
