"""The small server of these tests: in process, without a socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.musts.world import World
from tests.unit.server.vault.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.aclose()


@pytest.fixture
async def world(house: House) -> World:
    return await World(house).build()
