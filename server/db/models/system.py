"""Tasks with their output, and facts about this installation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class Meta(SQLModel, table=True):
    """A fact about this installation, e.g. the value that proves the key file fits the data."""

    __tablename__ = "meta"

    name: str = Field(primary_key=True)
    value: bytes


class Change(SQLModel, table=True):
    """What one committed transaction touched, for the other gateways: tables with the numbers of their rows.

    `number` is PostgreSQL's of the transaction, 0 on SQLite. Swept after some minutes (server.db.changes).
    """

    __tablename__ = "changes"

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(sa_type=BigInteger, index=True)
    origin: str
    touched: dict[str, list[int] | None] = Field(sa_type=JSON)
    time: datetime = Field(sa_type=UtcDateTime)


class Task(SQLModel, table=True):
    """Long work a client polls (connect-api.md 2.5). `settled`: what it is for is done, only telling so is not.

    `owner` is the gateway that does it (server.db.owner).
    """

    __tablename__ = "tasks"

    id: str = Field(primary_key=True)
    user_guid: str = Field(index=True)
    content_guid: str | None = Field(default=None, index=True)
    owner: str | None = None
    finished: bool = False
    settled: bool = False
    code: int = 0
    error: str = ""
    result: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class TaskLine(SQLModel, table=True):
    """One line of a task's output."""

    __tablename__ = "task_lines"

    task_id: str = Field(foreign_key="tasks.id", ondelete="CASCADE", primary_key=True)
    number: int = Field(primary_key=True)
    text: str
