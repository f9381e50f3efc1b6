"""Brings the database to this version's schema on start; refuses one that is newer than the code."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from server.db.engine import Database

# One gateway migrates, the others wait: an arbitrary constant names the advisory lock.
LOCK_NUMBER = 7_239_461_002


class SchemaProblem(Exception):
    """The schema cannot be used with this version; the text says what to do."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _check(connection: Connection, script: ScriptDirectory) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {revision.revision for revision in script.walk_revisions()}
    if current is not None and current not in known:
        raise SchemaProblem(
            f"the database was written by a newer Tabard (schema {current}); install that version, "
            "or restore the backup made before the upgrade"
        )


def upgrade(database: Database, to: str = "head") -> None:
    """Apply missing migrations, up to `to`, in one transaction: all or none (security.md R-15).

    Raises SchemaProblem.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    with database.engine.execution_options(tabard_write=True).begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": LOCK_NUMBER})
        _check(connection, script)
        config.attributes["connection"] = connection
        command.upgrade(config, to)
