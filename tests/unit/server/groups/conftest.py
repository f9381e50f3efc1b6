"""A database of each test's own, and a desk with the API of groups."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.engine import Database
from tests.unit.server.groups.desk import Desk
from tests.unit.server.standing import open_standing


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_standing(db, tmp_path) as made:
        yield Desk(made)
