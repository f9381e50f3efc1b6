"""A database of each test's own, and a `quarto` that does as a bundle's files say."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runners import tools
from server.db.engine import Database
from tests.unit.server.instances.rig import Rig

QUARTO = """#!/bin/sh
for out in "$@"; do :; done
echo "Rendering $(cat page)."
[ -f fail ] && { echo "boom" >&2; exit 3; }
[ -f slow ] && { touch "$HOME/../here"; sleep 600; }
echo "<p>$(cat page) $GREETING $CONNECT_CONTENT_GUID" > "$out/index.html"
"""


@pytest.fixture
async def rig(db: Database, tmp_path: Path, monkeypatch) -> AsyncIterator[Rig]:
    """A pool's rig on a server that has quarto: for bundles with a file `page`, and `fail` or `slow`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "quarto").write_text(QUARTO)
    (folder / "quarto").chmod(0o755)
    monkeypatch.setattr(tools, "FOLDERS", (str(folder),))
    made = Rig(db, tmp_path)
    yield made
    await made.documents.aclose()
    await made.pool.aclose()
