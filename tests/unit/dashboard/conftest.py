"""A dashboard for each test, in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.dashboard.rig import Rig, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = open_rig(tmp_path)
    yield made
    await made.aclose()
