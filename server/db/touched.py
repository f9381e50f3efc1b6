"""Notes which tables and rows a transaction writes, by listening to the engine: no caller can forget to tell.

Writes that make nothing false which anybody remembers are not noted: see the QUIET names, which are the only
place to declare them. A table that is not named there counts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.sql.dml import Insert, Update, UpdateBase
from sqlalchemy.sql.elements import TextClause

# Nobody remembers what these hold, and they are written all the time.
QUIET_TABLES = frozenset(
    {
        "changes",
        "flows",
        "hits",
        "instances",
        "integration_health",
        "integration_hours",
        "live_uses",
        "meta",
        "revocations",
        "task_lines",
        "tasks",
        "tool_codes",
        "tool_devices",
    }
)
QUIET_PREFIXES = ("audit_",)
# Columns of bookkeeping.
QUIET_COLUMNS: Mapping[str, frozenset[str]] = {
    "api_keys": frozenset({"last_used_time"}),
    "browser_sessions": frozenset({"seen_time"}),
    "claim_tokens": frozenset({"last_used_time", "expires_at"}),
    "connections": frozenset({"lease_owner", "lease_until", "fence", "attempt_hash", "attempt_time", "attempts_lost"}),
    "repositories": frozenset({"checked_time", "last_error", "last_known_commit"}),
    "share_links": frozenset({"last_used_time"}),
    "tool_clients": frozenset({"last_used_time"}),
    "tool_sign_ins": frozenset({"last_used_time"}),
    "users": frozenset({"active_time"}),
}
# Only those that exist are remembered, so a new one changes nothing.
QUIET_INSERTS = frozenset(
    {
        "api_keys",
        "browser_sessions",
        "claim_tokens",
        "share_links",
        "tool_clients",
        "tool_sign_ins",
        "tool_tokens",
        "visitor_keys",
    }
)

Rows = frozenset[int] | None
"""Numbers of rows that were changed or deleted (a new one is nobody's yet); None: it may be any."""


class Touched:
    """Tables that a transaction wrote to, each with the rows that are concerned."""

    def __init__(self, tables: Mapping[str, Rows] | None = None) -> None:
        self.tables: dict[str, Rows] = dict(tables or {})

    def add(self, table: str, rows: Rows) -> None:
        """One write more."""
        before = self.tables.get(table, frozenset())
        self.tables[table] = None if rows is None or before is None else before | rows

    def __bool__(self) -> bool:
        return bool(self.tables)


class _Current(threading.local):
    touched: Touched | None = None


_current = _Current()


@contextmanager
def gathering(touched: Touched) -> Iterator[None]:
    """What this thread writes is noted in `touched`."""
    before, _current.touched = _current.touched, touched
    try:
        yield
    finally:
        _current.touched = before


def listen(engine: Engine) -> None:
    """Have every statement of an engine looked at."""
    event.listen(engine, "after_execute", _executed)


def _executed(connection: Connection, statement: Any, several: Any, single: Any, _options: object, result: Any) -> None:
    touched = _current.touched
    if touched is None:
        return
    if isinstance(statement, UpdateBase):
        # SQLite does not know how many rows it touched before those it returns have been read.
        unknown = result.returns_rows and connection.dialect.name == "sqlite"
        if result.rowcount != 0 or unknown:
            _note(touched, statement, several or ([single] if single else []))
    elif isinstance(statement, TextClause):
        words = statement.text.split(None, 3)
        if words and words[0].upper() in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            table = (words[1] if words[0].upper() == "UPDATE" else words[2]).strip('"').partition("(")[0].lower()
            if not _is_quiet(table):
                touched.add(table, None)


def _is_quiet(table: str) -> bool:
    return table in QUIET_TABLES or table.startswith(QUIET_PREFIXES)


def _note(touched: Touched, statement: UpdateBase, given: Sequence[Mapping[str, Any]]) -> None:
    table = str(getattr(statement.table, "name", ""))
    if _is_quiet(table):
        return
    if isinstance(statement, Insert):
        if table not in QUIET_INSERTS:
            touched.add(table, frozenset() if getattr(statement, "_post_values_clause", None) is None else None)
        return
    if isinstance(statement, Update) and _columns(statement, given) <= QUIET_COLUMNS.get(table, frozenset()):
        return
    touched.add(table, _rows(table, given))


def _columns(statement: Update, given: Sequence[Mapping[str, Any]]) -> set[str]:
    """The columns an update sets: its own values, and those that came as parameters under a column's name."""
    own = {getattr(column, "key", column) for column in (statement._values or {})}
    named = set(statement.table.columns.keys())
    return {str(name) for name in own} | {name for row in given for name in row if name in named}


def _rows(table: str, given: Sequence[Mapping[str, Any]]) -> Rows:
    """The rows that the session's own updates and deletions name by number; None for any other statement."""
    numbers = [row.get(f"{table}_id", row.get("id")) for row in given]
    if not numbers or not all(isinstance(number, int) for number in numbers):
        return None
    return frozenset(numbers)
