"""Which page is meant, and the three keys of a paged reply."""

import pytest

from server.web.errors import ApiError
from server.web.paging import Paging, ascending, paged, paging_of, prefix_of, sort_of
from tests.unit.server.web.asking import asking


def test_pages():
    assert paging_of(asking(target="/")) == Paging(1, 20)
    assert paging_of(asking(target="/?page_number=3&page_size=500")) == Paging(3, 500)
    assert paging_of(asking(target="/?page_size=501")).size == 500
    assert paging_of(asking(target="/?page_number=3&page_size=10")).skipped == 20
    assert paged(["x"], 9, Paging(2, 8)) == {"results": ["x"], "current_page": 2, "total": 9}


def test_directions():
    assert ascending(asking(target="/")) is True
    assert ascending(asking(target="/?asc_order=FALSE")) is False


@pytest.mark.parametrize("query", ["page_number=0", "page_size=-1", "page_size=x", "page_number=" + "9" * 16])
def test_pages_that_are_not(query: str):
    with pytest.raises(ApiError):
        paging_of(asking(target=f"/?{query}"))


def test_beginnings_of_names():
    assert prefix_of(asking(target="/?prefix=%C3%A4")) == "ä"
    for bad in ("%00", "x" * 257):
        with pytest.raises(ApiError):
            prefix_of(asking(target=f"/?prefix={bad}"))


def test_orders():
    assert sort_of(asking(target="/"), ("name",)) == ""
    assert sort_of(asking(target="/?sort=name"), ("name",)) == "name"
    for bad in ("", "size"):
        with pytest.raises(ApiError):
            sort_of(asking(target=f"/?sort={bad}"), ("name",))
