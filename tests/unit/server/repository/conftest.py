"""A database of each test's own, and a content item with a repository."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.engine import Database
from tests.unit.server.repository.desk import GitDesk


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[GitDesk]:
    made = GitDesk(db, tmp_path)
    yield made
    await made.aclose()
    await made.pool.aclose()
    await made.trail.aclose()
