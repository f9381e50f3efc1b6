"""A small server for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.server.vault.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.aclose()
