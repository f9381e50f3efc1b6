"""Queries over schedules, and what a client's fields make of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from server.content.directory import MOST_PARAMETERS
from server.db.clock import now
from server.db.models import Schedule
from server.renderings.recurrence import RuleProblem, moment, next_run, parse, zone
from server.web.body import Fields
from server.web.errors import DUPLICATE_NAME, ApiError, invalid, not_found

LONGEST = 4096
TEXTS = {"type": "type", "schedule": "rule", "start_time": "start_time", "timezone": "timezone"}
FLAGS = ("email", "activate")


def one(session: Session, number: int) -> Schedule:
    """One schedule. Raises ApiError 404."""
    row = session.get(Schedule, number)
    if row is None:
        raise not_found("schedule")
    return row


def of_content(session: Session, content_id: int) -> Schedule | None:
    """A content item's schedule, or None."""
    return session.exec(select(Schedule).where(Schedule.content_id == content_id)).first()


def of_many(session: Session, content_ids: list[int]) -> dict[int, Schedule]:
    """The schedules of content items by the content's id. One statement."""
    found: dict[int, Schedule] = {}
    for start in range(0, len(content_ids), MOST_PARAMETERS):
        part = content_ids[start : start + MOST_PARAMETERS]
        rows = session.exec(select(Schedule).where(col(Schedule.content_id).in_(part))).all()
        found |= {row.content_id: row for row in rows}
    return found


def add(session: Session, content_id: int, fields: Mapping[str, Any]) -> Schedule:
    """A new schedule of checked fields. Raises ApiError 400, and 409 where the content has one."""
    if of_content(session, content_id) is not None:
        raise ApiError(409, DUPLICATE_NAME, "It has a schedule already; change that one, or delete it first.")
    missing = [name for name, column in TEXTS.items() if column not in fields]
    if missing:
        raise invalid(f"A schedule needs {', '.join(missing)}.")
    return _put(session, Schedule(content_id=content_id, **fields))


def change(session: Session, number: int, fields: Mapping[str, Any]) -> Schedule:
    """Change a schedule; what is not in `fields` stays. Raises ApiError 404 and 400."""
    row = one(session, number)
    for column, value in fields.items():
        setattr(row, column, value)
    return _put(session, row)


def _put(session: Session, row: Schedule) -> Schedule:
    try:
        row.next_run = next_run(parse(row.type, row.rule), moment(row.start_time), zone(row.timezone), now())
    except RuleProblem as problem:
        raise invalid(str(problem)) from None
    session.add(row)
    session.flush()
    return row


def fields_of(given: Fields) -> dict[str, Any]:
    """The columns that a client's object sets. Raises ApiError 400; unknown names are ignored."""
    found: dict[str, Any] = {}
    for name, column in TEXTS.items():
        if name in given:
            found[column] = given.text(name, limit=LONGEST)
    for name in FLAGS:
        if given.data.get(name) is not None:
            found[name] = given.flag(name, False)
    return found
