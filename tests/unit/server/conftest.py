"""A database of each test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.engine import Database
from tests.harness.database import fresh_database


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = fresh_database(tmp_path)
    yield made
    made.close()
