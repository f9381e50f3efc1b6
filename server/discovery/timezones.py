"""The time zones that schedules may name, with their offsets now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from server.discovery.wire import Timezone


def timezones(moment: datetime) -> list[Timezone]:
    """Every time zone of this machine by name; `moment` is aware. Blocks the first time in an hour."""
    return _at(moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=2)
def _at(hour: datetime) -> list[Timezone]:
    found: list[Timezone] = []
    for name in sorted(available_timezones() | {"UTC"}):
        try:
            offset = hour.astimezone(ZoneInfo(name)).utcoffset() if name != "UTC" else timedelta()
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
        found.append({"timezone": name, "offset": _written(offset or timedelta())})
    return found


def _written(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
