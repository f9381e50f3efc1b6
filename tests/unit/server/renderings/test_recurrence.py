"""When schedules come due: each kind of rule, across months, leap years and changes of clocks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.renderings.recurrence import TYPES, Rule, RuleProblem, moment, next_run, parse, zone

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(kind: str, rule: Any, start: str, after: str, where: str = "UTC", times: int = 1) -> list[str]:
    """The next times in the zone's own time."""
    parsed, found, moment_ = parse(kind, json.dumps(rule)), [], at(after)
    for _ in range(times):
        moment_ = next_run(parsed, at(start), zone(where), moment_)
        found.append(moment_.astimezone(ZoneInfo(where)).strftime("%a %Y-%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("kind", "rule", "start", "after", "wanted"),
    [
        ("minute", {"N": 15}, "2026-01-01T09:05", "2026-01-01T09:21", ["Thu 2026-01-01 09:35", "Thu 2026-01-01 09:50"]),
        ("hour", {"N": 5}, "2026-01-01T09:00", "2026-01-01T23:00", ["Fri 2026-01-02 00:00", "Fri 2026-01-02 05:00"]),
        ("day", {"N": 3}, "2026-01-01T09:00", "2026-01-05T00:00", ["Wed 2026-01-07 09:00", "Sat 2026-01-10 09:00"]),
        ("week", {"N": 2}, "2026-01-01T09:00", "2026-01-02T00:00", ["Thu 2026-01-15 09:00", "Thu 2026-01-29 09:00"]),
        ("weekday", {}, "2026-01-01T09:00", "2026-01-02T09:00", ["Mon 2026-01-05 09:00", "Tue 2026-01-06 09:00"]),
        ("dayofweek", {"Days": [0, 3]}, "2026-01-01T09:00", "2026-01-01T09:00",
         ["Sun 2026-01-04 09:00", "Wed 2026-01-07 09:00"]),
        ("dayofweek", {"Days": 6}, "2026-01-01T09:00", "2026-01-01T09:00",
         ["Sat 2026-01-03 09:00", "Sat 2026-01-10 09:00"]),
        ("semimonth", {"First": True}, "2026-01-02T09:00", "2026-01-02T09:00",
         ["Thu 2026-01-15 09:00", "Sun 2026-02-01 09:00"]),
        ("semimonth", {"First": False}, "2026-02-01T09:00", "2026-02-14T09:00",
         ["Sat 2026-02-28 09:00", "Sat 2026-03-14 09:00"]),
        ("dayofmonth", {"N": 1, "Day": 31}, "2026-01-01T09:00", "2026-01-31T09:00",
         ["Sat 2026-02-28 09:00", "Tue 2026-03-31 09:00"]),
        ("dayofmonth", {"N": 3, "Day": 4}, "2026-01-05T09:00", "2026-01-01T09:00",
         ["Sat 2026-04-04 09:00", "Sat 2026-07-04 09:00"]),
        ("dayofmonth", {"Day": 1}, "2026-12-15T09:00", "2026-12-15T09:00",
         ["Fri 2027-01-01 09:00", "Mon 2027-02-01 09:00"]),
        ("dayweekofmonth", {"N": 1, "Day": 1, "Week": 0}, "2026-01-01T09:00", "2026-01-05T09:00",
         ["Mon 2026-02-02 09:00", "Mon 2026-03-02 09:00"]),
        ("dayweekofmonth", {"N": 2, "Day": 5, "Week": 5}, "2026-01-01T09:00", "2026-01-01T09:00",
         ["Fri 2026-01-30 09:00", "Fri 2026-03-27 09:00"]),
        ("dayweekofmonth", {"N": 1, "Day": 0, "Week": 4}, "2026-02-01T09:00", "2026-02-01T09:00",
         ["Sun 2026-02-22 09:00", "Sun 2026-03-29 09:00"]),
        ("year", {"N": 1}, "2024-02-29T09:00", "2026-01-01T09:00", ["Sat 2026-02-28 09:00", "Sun 2027-02-28 09:00"]),
        ("year", {"N": 4}, "2024-02-29T09:00", "2024-02-29T09:00", ["Tue 2028-02-29 09:00", "Sun 2032-02-29 09:00"]),
    ],
)  # fmt: skip
def test_the_next_two_times(kind: str, rule: Any, start: str, after: str, wanted: list[str]) -> None:
    assert due(kind, rule, start, after, times=2) == wanted


@pytest.mark.parametrize("kind", TYPES)
def test_it_never_comes_due_before_its_start_nor_stands_still(kind: str) -> None:
    fitting = {"dayofweek": {"Days": [2]}, "dayofmonth": {"Day": 3}, "dayweekofmonth": {"Day": 3, "Week": 2}}
    rule = parse(kind, json.dumps(fitting.get(kind, {"N": 1})))
    start = at("2030-05-05T12:30")
    first = next_run(rule, start, zone(BERLIN), at("2026-01-01T00:00"))
    assert start <= first <= start + timedelta(days=32)
    assert first < next_run(rule, start, zone(BERLIN), first) <= first + timedelta(days=366)
    later = next_run(rule, start, zone(BERLIN), at("2226-01-01T00:00"))
    assert at("2226-01-01T00:00") < later <= at("2227-01-01T23:59")


def test_the_time_of_day_is_the_zones_own() -> None:
    found = due("day", {"N": 1}, "2026-03-27T08:00", "2026-03-27T08:00", BERLIN, 3)
    assert found == ["Sat 2026-03-28 09:00", "Sun 2026-03-29 09:00", "Mon 2026-03-30 09:00"]
    # An hour that is left out: as much later as the clocks went forward.
    assert due("day", {"N": 1}, "2026-03-27T01:30", "2026-03-28T02:00", BERLIN, 2) == [
        "Sun 2026-03-29 03:30",
        "Mon 2026-03-30 02:30",
    ]
    # An hour that comes twice: once, the first time.
    rule, start = parse("day", '{"N": 1}'), at("2026-10-23T00:30")
    first = next_run(rule, start, zone(BERLIN), at("2026-10-24T01:00"))
    assert first == at("2026-10-25T00:30")
    assert next_run(rule, start, zone(BERLIN), first) == at("2026-10-26T01:30")
    # The date is the zone's, too: Monday morning in Auckland is Sunday in UTC.
    assert due("dayofweek", {"Days": [1]}, "2026-01-04T20:00", "2026-01-01T00:00", "Pacific/Auckland") == [
        "Mon 2026-01-05 09:00"
    ]


def test_hours_count_time_that_passes() -> None:
    assert due("hour", {"N": 1}, "2026-03-29T00:00", "2026-03-29T00:30", BERLIN, 2) == [
        "Sun 2026-03-29 03:00",
        "Sun 2026-03-29 04:00",
    ]


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("fortnight", "{}", "type must be one of minute"), ("day", "", "must be a JSON object"),
        ("day", "[1]", "must be a JSON object"), ("day", "{}", "N must be a whole number from 1 to 3660"),
        ("day", '{"N": 0}', "N must"), ("day", '{"N": true}', "N must"), ("day", '{"N": "2"}', "N must"),
        ("minute", '{"N": 1e9}', "N must"), ("dayofweek", "{}", "Days must"),
        ("dayofweek", '{"Days": []}', "Days must"),
        ("dayofweek", '{"Days": [7]}', "Days must"), ("dayofweek", '{"Days": [true]}', "Days must"),
        ("semimonth", '{"First": 1}', "First must"), ("dayofmonth", '{"N": 1, "Day": 0}', "Day must"),
        ("dayofmonth", '{"N": 121, "Day": 1}', "N must"), ("dayweekofmonth", '{"N": 1, "Day": 1}', "Week must"),
        ("dayweekofmonth", '{"N": 1, "Day": 7, "Week": 1}', "Day must"),
        ("day", "[" * 100_000, "must be a JSON object"),
    ],
)  # fmt: skip
def test_rules_that_make_no_sense(kind: str, text: str, reason: str) -> None:
    with pytest.raises(RuleProblem, match=reason):
        parse(kind, text)


def test_times_and_zones() -> None:
    assert moment("2026-01-01T09:00:00Z") == moment("2026-01-01T10:00:00+01:00") == at("2026-01-01T09:00")
    for text in ("", "2026-01-01", "2026-01-01T09:00:00", "soon", "9999-12-31T23:59:59-12:00"):
        with pytest.raises(RuleProblem, match="start_time must be"):
            moment(text)
    for name in ("", "Mars/Olympus", "../../etc/passwd", "America", "a" * 5000, "Europe\0"):
        with pytest.raises(RuleProblem, match="IANA name"):
            zone(name)
    for kind in ("minute", "year", "day"):
        with pytest.raises(RuleProblem, match="too far away"):
            next_run(Rule(kind), at("9999-12-31T23:00"), zone("UTC"), at("2026-01-01T00:00"))  # type: ignore[arg-type]
