"""The register of sealed columns misses none, and what is in them goes under another key in pieces."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import SQLModel

from server.db.engine import Database
from server.db.models import Meta
from server.keys import columns, keyfile
from server.keys.columns import KEY_CHECK, rewrap, sealed_columns, used
from server.keys.keyring import Keyring
from tests.harness.database import fresh_database

# Columns of bytes that hold nothing secret.
OPEN = {"audit_events.mac", "audit_head.mac", "audit_head.seal", "claim_tokens.public_key"}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = fresh_database(tmp_path)
    yield made
    made.close()


def test_no_column_of_sealed_values_is_missing():
    """A new column of bytes is named `sealed...` and found, or is named in OPEN because it holds nothing secret."""
    there = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    found = {str(sealed) for sealed in sealed_columns()}
    assert there - OPEN == found
    assert {f"{table}.{column}" for table, column in columns.SHARED_PURPOSES} <= found


def grown(ring: Keyring) -> Keyring:
    keys = ring.keys.grown()
    return Keyring(keys.turned(keys.wrapping[-1].id))


def test_values_go_under_another_key_in_batches(db: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(columns, "BATCH", 2)
    old = Keyring(keyfile.new_keys())
    new = grown(old)
    names = [f"n{number}" for number in range(5)]
    table = SQLModel.metadata.tables["meta"]
    only = columns.SealedColumn(table, table.c.value, (*names, KEY_CHECK))
    monkeypatch.setattr(columns, "sealed_columns", lambda: [only])
    for name in names:
        db.write_now(lambda s, n=name: s.add(Meta(name=n, value=old.seal(n, purpose="meta", bound_to=n))))
    db.write_now(lambda s: s.add(Meta(name="other", value=b"\x02none of ours")))
    db.write_now(lambda s: s.add(Meta(name=KEY_CHECK, value=b"\x02" + old.key_id + b"damaged")))
    told: list[int] = []
    damaged = [row for rows in rewrap(db.write_now, new, lambda _sealed, total: told.append(total)) for row in rows]
    assert damaged == ["meta.value of row key_check"]
    assert told == [1, 3, 5]
    assert {key: dict(count) for key, count in db.read_now(used).items()} == {
        new.key_id: {"meta.value": 5},
        old.key_id: {"meta.value": 1},
    }
    for name in names:
        row = db.read_now(lambda s, n=name: s.get(Meta, n))
        assert new.open(row.value, purpose="meta", bound_to=name) == name
    assert [*rewrap(db.write_now, new, lambda *_: told.append(-1))] == [["meta.value of row key_check"]]
    assert -1 not in told


def test_a_value_that_was_replaced_meanwhile_is_left_alone(db: Database, monkeypatch: pytest.MonkeyPatch):
    old = Keyring(keyfile.new_keys())
    new = grown(old)
    db.write_now(lambda s: s.add(Meta(name=KEY_CHECK, value=old.seal("1", purpose="meta", bound_to="x"))))
    (meta,) = [sealed for sealed in sealed_columns() if sealed.names]
    fresh = new.seal("2", purpose="meta", bound_to="x")

    class Late(Keyring):
        def rewrapped(self, sealed: bytes, *, shared_purpose: str | None) -> bytes:
            """The server writes between our reading and our writing."""
            session.connection().exec_driver_sql("UPDATE meta SET value = ? WHERE name = ?", (fresh, KEY_CHECK))
            return super().rewrapped(sealed, shared_purpose=shared_purpose)

    def run(inner):
        nonlocal session
        session = inner
        return columns.rewrap_batch(inner, meta, Late(new.keys), None)

    session = None
    assert db.write_now(run) == (None, 0, [])
    assert db.read_now(lambda s: s.get(Meta, KEY_CHECK)).value == fresh
