"""The small server of these tests, with an integration that mints tokens."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.minting import keys
from tests.unit.server.minting.world import World, key_pair
from tests.unit.server.vault.house import House


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    number = itertools.count()
    monkeypatch.setattr(keys, "_make", lambda bits: key_pair(bits, next(number)))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.aclose()


@pytest.fixture
async def world(house: House) -> World:
    return await World().build(house)
