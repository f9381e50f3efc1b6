"""Time zones with their offsets at a moment."""

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest

from server.discovery.timezones import timezones


def at(month: int) -> dict[str, str]:
    return {zone["timezone"]: zone["offset"] for zone in timezones(datetime(2026, month, 15, 12, 30, tzinfo=UTC))}


def test_in_order_and_with_utc():
    found = [zone["timezone"] for zone in timezones(datetime(2026, 1, 15, tzinfo=UTC))]
    assert found == sorted(found)
    assert at(1)["UTC"] == "+00:00"


@pytest.mark.skipif("Europe/Zurich" not in available_timezones(), reason="this machine has no time zones")
def test_offsets_follow_the_seasons():
    assert (at(1)["Europe/Zurich"], at(7)["Europe/Zurich"]) == ("+01:00", "+02:00")
    assert (at(1)["America/St_Johns"], at(1)["Asia/Kolkata"]) == ("-03:30", "+05:30")
