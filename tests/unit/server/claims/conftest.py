"""The authorization server over a database of each test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.engine import Database
from tests.harness.database import fresh_database
from tests.unit.server.authorize.rig import Rig


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = fresh_database(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def rig(db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    made = Rig(db, monkeypatch)
    await made.sign_in(made.browser, made.ann)
    yield made
    await made.aclose()
