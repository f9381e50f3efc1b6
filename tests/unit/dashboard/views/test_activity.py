"""Whether a list of events was narrowed."""

import pytest

from dashboard.views.activity import Activity, Only
from server.pages.views import Page


@pytest.mark.parametrize(
    ("what", "narrowed"),
    [
        ({}, False),
        ({"query": "x"}, True),
        ({"action": "x"}, True),
        ({"until": "2027-01-31"}, True),
        ({"only": (Only(name="connection", value="x", without="/activity"),)}, True),
    ],
)
def test_narrowed(what: dict[str, object], narrowed: bool):
    page = Page(title="Activity", csrf="", request_id="", origin="")
    assert Activity(page=page, rows=(), actions=(), **what).narrowed is narrowed
