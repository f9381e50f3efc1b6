"""A task as it is sent (connect-api.md 2.5)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from server.db.models import Task
from server.web.described import Key, whole_number


class TaskObject(TypedDict):
    """How long work goes: `output` from the line asked for, and `last`, the line to ask for next."""

    id: str
    output: list[str]
    result: dict[str, Any] | None
    finished: bool
    code: Annotated[int, Field(description="0, or when finished without success another number.")]
    error: Annotated[str, Field(description="Empty, or why it failed.")]
    last: int


class TaskQuery(TypedDict, total=False):
    """From which line on, and for how many seconds to wait for news."""

    first: Annotated[int, whole_number(0, default=0)]
    wait: Annotated[int, whole_number(0, default=0)]


class TaskPath(TypedDict):
    """Which task."""

    id: Key


def task_object(row: Task, lines: list[str], last: int) -> TaskObject:
    """A task with its lines."""
    return {
        "id": row.id,
        "output": lines,
        "result": row.result,
        "finished": row.finished,
        "code": row.code,
        "error": row.error,
        "last": last,
    }
