"""When a schedule comes due: the ten kinds of rules clients send, in a time zone (connect-api.md 2.6)."""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Type = Literal[
    "minute", "hour", "day", "weekday", "week", "dayofweek", "semimonth", "dayofmonth", "dayweekofmonth", "year"
]
TYPES: tuple[Type, ...] = get_args(Type)
MOST = {"minute": 525_600, "hour": 8_784, "day": 3_660, "week": 520, "year": 100}
MONTHS = 120
LAST_WEEK = 5


class RuleProblem(Exception):
    """The rule, the time or the zone cannot be used; the text is one sentence with the fix."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `every` is the N of its type; weekdays count from Sunday, 0, as on the wire; `week` counts from 0,
    the first, and 5 is the last one of a month."""

    type: Type
    every: int = 1
    days: tuple[int, ...] = ()
    day: int = 0
    week: int = 0
    first: bool = True


def parse(kind: str, text: str) -> Rule:
    """The rule of a type and its JSON text. Raises RuleProblem."""
    if kind not in TYPES:
        raise RuleProblem(f"type must be one of {', '.join(TYPES)}.")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise RuleProblem('schedule must be a JSON object in a string, such as "{\\"N\\": 1}".')
    match kind:
        case "minute" | "hour" | "day" | "week" | "year":
            return Rule(kind, every=_whole(given, "N", 1, MOST[kind]))
        case "weekday":
            return Rule(kind, days=(1, 2, 3, 4, 5))
        case "dayofweek":
            return Rule(kind, days=_days(given.get("Days")))
        case "semimonth":
            if not isinstance(given.get("First", True), bool):
                raise RuleProblem("First must be true or false in the rule of a semimonth.")
            return Rule(kind, first=given.get("First", True))
        case "dayofmonth":
            return Rule(kind, every=_whole(given, "N", 1, MONTHS, 1), day=_whole(given, "Day", 1, 31))
        case _:
            every, week = _whole(given, "N", 1, MONTHS, 1), _whole(given, "Week", 0, LAST_WEEK)
            return Rule("dayweekofmonth", every=every, day=_whole(given, "Day", 0, 6), week=week)


def _whole(given: dict[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RuleProblem(f"{name} must be a whole number from {low} to {high} in this rule.")
    return value


def _days(given: Any) -> tuple[int, ...]:
    days = given if isinstance(given, list) else [given]  # R writes a list of one as a number
    if not days or not all(isinstance(day, int) and not isinstance(day, bool) and 0 <= day <= 6 for day in days):
        raise RuleProblem("Days must list weekdays from 0, Sunday, to 6 in the rule of a dayofweek.")
    return tuple(sorted(set(days)))


def zone(name: str) -> ZoneInfo:
    """The IANA time zone. Raises RuleProblem."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RuleProblem("timezone must be an IANA name such as Europe/Berlin.") from None


def moment(text: str) -> datetime:
    """The time of an RFC 3339 text, in UTC. Raises RuleProblem."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None and "T" in text.upper():
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise RuleProblem("start_time must be a time such as 2026-01-01T09:00:00Z.")


def next_run(rule: Rule, start: datetime, where: ZoneInfo, after: datetime) -> datetime:
    """The first time the rule comes due, not before `start` and later than `after`, in UTC.

    Minutes and hours are counted from `start`. All other rules keep the time of day that `start` has in `where`:
    a time that a change of clocks leaves out is as much later as the clocks went forward, and of one that comes
    twice the first counts. In months that lack the day, the last day stands in. Raises RuleProblem past year 9990.
    """
    try:
        if rule.type in ("minute", "hour"):
            step = timedelta(**{f"{rule.type}s": rule.every})
            passed = max(0, (after - start) // step + 1)
            return _near(start + passed * step)
        local = start.astimezone(where)
        for day in _dates(rule, local.date(), after.astimezone(where).date()):
            due = datetime.combine(day, local.timetz().replace(tzinfo=None, fold=0), where).astimezone(UTC)
            if due >= start and due > after:
                return _near(due)
    except (OverflowError, ValueError):
        pass
    raise RuleProblem("start_time is too far away; choose an earlier one.")


def _near(due: datetime) -> datetime:
    if due.year > 9990:
        raise OverflowError
    return due


def _dates(rule: Rule, start: date, after: date) -> Iterator[date]:
    """The rule's dates in order, from some day before both may matter; endless."""
    since = max(start, after - timedelta(days=1))
    if rule.type in ("day", "week"):
        step = rule.every * (7 if rule.type == "week" else 1)
        day = start + timedelta(days=(since - start).days // step * step)
        while True:
            yield day
            day += timedelta(days=step)
    elif rule.days:
        while True:
            if (since.weekday() + 1) % 7 in rule.days:
                yield since
            since += timedelta(days=1)
    else:
        step = 12 * rule.every if rule.type == "year" else rule.every
        began = start.year * 12 + start.month - 1
        month = began + (since.year * 12 + since.month - 1 - began) // step * step
        while True:
            yield from _in_month(rule, start, *divmod(month, 12))
            month += step


def _in_month(rule: Rule, start: date, year: int, index: int) -> Iterator[date]:
    """The rule's dates in one month, `index` counted from 0."""
    length = calendar.monthrange(year, index + 1)[1]
    days: tuple[int, ...]
    match rule.type:
        case "semimonth":
            days = (1, 15) if rule.first else (14, length)
        case "dayofmonth":
            days = (min(rule.day, length),)
        case "year":
            days = (min(start.day, length),)
        case _:
            opening = (date(year, index + 1, 1).weekday() + 1) % 7
            fitting = range(1 + (rule.day - opening) % 7, length + 1, 7)
            days = (fitting[-1] if rule.week == LAST_WEEK else fitting[min(rule.week, len(fitting) - 1)],)
    yield from (date(year, index + 1, day) for day in days)
