"""Words for distances in time, at every boundary."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from server.pages.times import ago, day, exact, until

NOW = datetime(2026, 11, 21, 20, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=44), "just now"),
        (timedelta(seconds=46), "1 minute ago"),
        (timedelta(minutes=44), "44 minutes ago"),
        (timedelta(minutes=50), "1 hour ago"),
        (timedelta(hours=21), "21 hours ago"),
        (timedelta(hours=23), "1 day ago"),
        (timedelta(days=25), "25 days ago"),
        (timedelta(days=30), "1 month ago"),
        (timedelta(days=300), "10 months ago"),
        (timedelta(days=330), "1 year ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(seconds=-3), "just now"),
        (timedelta(hours=-2), "in 2 hours"),
    ],
)
def test_ago(distance: timedelta, words: str) -> None:
    assert ago(NOW - distance, NOW) == words


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=10), "in a moment"),
        (timedelta(minutes=12), "in 12 minutes"),
        (timedelta(days=60), "in 2 months"),
        (timedelta(hours=-3), "3 hours ago"),
    ],
)
def test_until(distance: timedelta, words: str) -> None:
    assert until(NOW + distance, NOW) == words


def test_exact_is_utc_whatever_came_in() -> None:
    there = timezone(timedelta(hours=2))
    assert exact(datetime(2026, 11, 1, 0, 30, tzinfo=there)) == "31 October 2026, 22:30 UTC"


def test_exact_refuses_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        exact(datetime(2026, 11, 1))


def test_a_day_in_words():
    assert day(datetime(2027, 5, 3, 23, 59, tzinfo=UTC)) == "3 May 2027"
