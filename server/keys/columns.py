"""Which columns hold sealed values, how often each key is used in them, and putting them under another key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, LargeBinary, Table, func, inspect, select, tuple_, update
from sqlmodel import Session, SQLModel

import server.db.models
from server.keys import envelope
from server.keys.envelope import SealBroken
from server.keys.keyring import Keyring

PREFIX = "sealed"
# Facts about the installation are sealed under these names.
KEY_CHECK, ROOT_CHECK = "key_check", "root_check"
# The purposes of values of form 1: there is none in columns that came after it.
SHARED_PURPOSES = {
    ("connections", "sealed_access"): "connection",
    ("connections", "sealed_refresh"): "connection",
    ("integrations", "sealed_secrets"): "integration",
    ("environment_variables", "sealed"): "variable",
    ("flows", "sealed_verifier"): "flow",
    ("meta", "value"): "meta",
}
BATCH = 200

assert server.db.models.Meta.__tablename__  # registers every table


@dataclass(frozen=True)
class SealedColumn:
    """A column of sealed values; `names` are the rows that count, where it holds other things, too."""

    table: Table
    column: Column[Any]
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    @property
    def shared_purpose(self) -> str | None:
        """The purpose of its values of form 1."""
        return SHARED_PURPOSES.get((self.table.name, self.column.name))

    def chosen(self, query: Any) -> Any:
        """The query, of rows that hold a sealed value."""
        query = query.where(self.column.is_not(None))
        return query.where(self.table.c.name.in_(self.names)) if self.names else query


def sealed_columns() -> list[SealedColumn]:
    """Every column whose name begins with `sealed`, and the facts that are sealed."""
    tables = SQLModel.metadata.tables
    found = [
        SealedColumn(table, column)
        for table in tables.values()
        for column in table.columns
        if column.name.startswith(PREFIX) and isinstance(column.type, LargeBinary)
    ]
    meta = tables["meta"]
    return [*sorted(found, key=str), SealedColumn(meta, meta.c.value, (KEY_CHECK, ROOT_CHECK))]


def used(session: Session) -> dict[bytes, Counter[str]]:
    """How many values of which column need which key, by its id. Also in a database of an older schema."""
    there = inspect(session.connection())
    counted: dict[bytes, Counter[str]] = {}
    for sealed in sealed_columns():
        if not there.has_table(sealed.table.name):
            continue
        if sealed.column.name not in {column["name"] for column in there.get_columns(sealed.table.name)}:
            continue
        key_id = func.substr(sealed.column, 2, 4)
        query = sealed.chosen(select(key_id, func.count()).group_by(key_id))
        for found, count in session.execute(query):
            counted.setdefault(bytes(found), Counter())[str(sealed)] += count
    return counted


def rewrap_batch(session: Session, sealed: SealedColumn, keyring: Keyring, after: Any) -> tuple[Any, int, list[str]]:
    """Put the next values of a column under the key that seals now.

    `after` is where the batch before ended, None at the beginning. Returns where this one ended (None: at the end),
    how many values it changed, and the rows whose values do not open. A value that was replaced meanwhile is left to
    whoever did, so nothing waits for this and nothing is lost.
    """
    key = list(sealed.table.primary_key.columns)
    query = sealed.chosen(select(*key, sealed.column)).order_by(*key).limit(BATCH)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    rows = session.execute(query).all()
    changed, damaged = 0, []
    for *place, value in rows:
        if envelope.key_id(value) == keyring.key_id and value[:1] != envelope.PLAIN:
            continue
        try:
            new = keyring.rewrapped(value, shared_purpose=sealed.shared_purpose)
        except SealBroken:
            damaged.append(f"{sealed} of row {', '.join(str(part) for part in place)}")
            continue
        here = [column == part for column, part in zip(key, place, strict=True)]
        done = session.execute(update(sealed.table).where(*here, sealed.column == value).values({sealed.column: new}))
        changed += done.rowcount  # type: ignore[attr-defined]
    return (tuple(rows[-1][:-1]) if len(rows) == BATCH else None), changed, damaged


def rewrap(
    write: Callable[..., Any], keyring: Keyring, tell: Callable[[SealedColumn, int], object]
) -> Iterator[Sequence[str]]:
    """Put everything under the key that seals now, in transactions of a batch each; yields what does not open.

    `write(work, *args)` runs `work(session, *args)` in a transaction; `tell` hears after each batch how many values
    of a column have been changed so far.
    """
    for sealed in sealed_columns():
        after, total = None, 0
        while True:
            after, changed, damaged = write(rewrap_batch, sealed, keyring, after)
            total += changed
            if changed:
                tell(sealed, total)
            if damaged:
                yield damaged
            if after is None:
                break
