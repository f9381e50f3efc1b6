"""The schema at start: made whole, once, and never touched when it is newer than this version."""

import re

import pytest
from sqlalchemy import inspect
from sqlmodel import SQLModel

import server.db.models  # noqa: F401  (names every table)
from server.db.engine import Database
from server.db.upgrade import SchemaProblem, upgrade


def revision(db: Database) -> str:
    found = db.read_now(lambda s: s.connection().exec_driver_sql("select version_num from alembic_version").scalar())
    return str(found)


def columns(db: Database) -> dict[str, set[str]]:
    found = inspect(db.engine)
    return {t: {c["name"] for c in found.get_columns(t)} for t in found.get_table_names() if t != "alembic_version"}


def test_the_migrations_make_every_table_and_column_the_code_reads(db: Database):
    wanted = {name: {c.name for c in table.columns} for name, table in SQLModel.metadata.tables.items()}
    assert columns(db) == wanted


def test_it_is_done_once(db: Database):
    before = revision(db)
    db.write_now(lambda s: s.connection().exec_driver_sql("insert into meta values ('kept', x'00')"))
    upgrade(db)
    assert revision(db) == before
    assert db.read_now(lambda s: s.connection().exec_driver_sql("select count(*) from meta").scalar()) == 1


def test_a_newer_schema_is_refused_and_left_alone(db: Database):
    db.write_now(lambda s: s.connection().exec_driver_sql("update alembic_version set version_num = 'from-2031'"))
    before = columns(db)
    with pytest.raises(SchemaProblem, match=re.escape("schema from-2031")) as caught:
        upgrade(db)
    assert "install that version" in str(caught.value)
    assert (columns(db), revision(db)) == (before, "from-2031")
