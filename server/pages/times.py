"""Says when something happened, or will, in the words people use: "3 hours ago", "in 12 minutes"."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def exact(moment: datetime) -> str:
    """The whole truth for a tooltip, always in UTC.

    `21 November 2026, 20:35 UTC`. Refuses naive datetimes.
    """
    if moment.tzinfo is None:
        raise ValueError("a screen was given a time without a time zone; pass an aware datetime")
    at = moment.astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _distance(seconds: float) -> str:
    """A length of time in its largest fitting unit.

    Empty under 45 seconds, when no number is worth reading.
    """
    for limit, unit, word in (
        (45, 1, ""),
        (45 * MINUTE, MINUTE, "minute"),
        (22 * HOUR, HOUR, "hour"),
        (26 * DAY, DAY, "day"),
        (320 * DAY, 30.4 * DAY, "month"),
        (float("inf"), 365.25 * DAY, "year"),
    ):
        if seconds < limit:
            count = max(1, round(seconds / unit))
            return f"{count} {word}{'' if count == 1 else 's'}" if word else ""
    raise AssertionError("unreachable: the last limit is infinite")


def ago(moment: datetime, now: datetime) -> str:
    """How long ago.

    `just now`, `1 minute ago`, `3 hours ago`. A moment ahead of `now` reads as `until` says it.
    """
    seconds = (now - moment).total_seconds()
    if seconds <= -45:
        return until(moment, now)
    distance = _distance(max(0.0, seconds))
    return f"{distance} ago" if distance else "just now"


def until(moment: datetime, now: datetime) -> str:
    """How long from now: `in 12 minutes`, `in a moment`. A moment already past reads as `ago` says it."""
    seconds = (moment - now).total_seconds()
    if seconds <= -45:
        return ago(moment, now)
    distance = _distance(max(0.0, seconds))
    return f"in {distance}" if distance else "in a moment"


def day(moment: datetime) -> str:
    """The day on which something ends, in words: `3 May 2027`."""
    return f"{moment.day} {moment:%B %Y}"
