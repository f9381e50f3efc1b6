"""A migrated SQLite database for one test: the schema is made once, then copied."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from server.db.engine import Database
from server.db.upgrade import upgrade


@cache
def _template() -> Path:
    folder = tempfile.mkdtemp(prefix="tabard-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "empty.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


def fresh_database(folder: Path) -> Database:
    """A database of its own in `folder`; the caller closes it."""
    path = folder / "tabard.db"
    shutil.copy(_template(), path)
    return Database(f"sqlite:///{path}")
