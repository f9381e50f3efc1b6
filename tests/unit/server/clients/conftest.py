"""The authorization server over a database of each test's own."""

from collections.abc import AsyncIterator

import pytest

from server.db.engine import Database
from tests.unit.server.authorize.rig import Rig, open_rig


@pytest.fixture
async def rig(db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with open_rig(db, monkeypatch) as made:
        yield made
