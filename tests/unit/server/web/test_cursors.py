"""Cursors are opaque, survive a round, and take nothing that this server did not write."""

import base64
import json
from datetime import UTC, datetime

import pytest

from server.web.cursors import LARGEST_LIMIT, keyset_of, page
from server.web.errors import ApiError
from tests.unit.server.web.asking import asking

MOMENT = datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC)


def spelt(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_cursor_leads_back_to_its_row():
    first = keyset_of(asking("GET", "/x?limit=1"), int)
    paging, shown = page(asking("GET", "/__api__/x?limit=1"), "http://h", first, [7, 8], lambda n: (MOMENT, n))
    assert shown == [7]
    cursor = paging["cursors"]["next"]
    assert cursor is not None
    assert keyset_of(asking("GET", f"/x?next={cursor}"), int).after == (MOMENT, 7)
    assert paging["first"] == "http://h/__api__/x?limit=1"
    assert paging["next"] == f"http://h/__api__/x?limit=1&next={cursor}"
    assert paging["previous"] is None


def test_limits_and_directions():
    keyset = keyset_of(asking("GET", "/x?limit=100000&ascOrder=false"), int, order=("ascOrder", "asc_order"))
    assert (keyset.limit, keyset.ascending, keyset.backwards) == (LARGEST_LIMIT, False, False)
    assert keyset_of(asking("GET", "/x"), int).ascending


@pytest.mark.parametrize(
    "cursor",
    ["x", "é", "W10x", spelt([]), spelt([1, 2]), spelt(["2026-01-01T00:00:00+00:00", "text"]), spelt({}), spelt("x"),
     spelt(["2026-01-01T00:00:00+00:00", -1]), spelt(["2026-01-01T00:00:00+00:00", 2**40]), "A" * 300,
     spelt(["2026-01-01T00:00:00+00:00", True]), spelt(["0001-01-01T00:00:00+23:00", 1])],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(cursor: str):
    with pytest.raises(ApiError) as caught:
        keyset_of(asking("GET", f"/x?next={cursor}".encode().decode("latin-1")), int)
    assert caught.value.status == 400
