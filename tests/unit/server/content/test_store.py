"""Variables of an API request; the queries are tested on both databases in tests/conformance/test_store.py."""

from typing import Any

import pytest

from server.content.store import checked_variables
from server.web.errors import ApiError


def test_good_variables_in_their_order():
    sent = [{"name": "B", "value": "1"}, {"name": "_a.x-1", "value": None}, {"name": "C", "value": ""}]
    assert list(checked_variables(sent).items()) == [("B", "1"), ("_a.x-1", None), ("C", "")]
    assert checked_variables([]) == {}


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ({}, 25), ("x", 25), (None, 25), ([1], 266), ([{}], 266), ([{"name": ""}], 266), ([{"name": "  "}], 266),
        ([{"name": 1}], 266), ([{"name": "1a"}], 25), ([{"name": "a=b"}], 25), ([{"name": "a\n"}], 25),
        ([{"name": "a\0"}], 25), ([{"name": "ü"}], 25), ([{"name": "x" * 257}], 25),
        ([{"name": "a", "value": 1}], 25), ([{"name": "a", "value": "\0"}], 25),
        ([{"name": "a", "value": "x" * 65537}], 25), ([{"name": "a", "value": "\ud800"}], 25),
        ([{"name": "a", "value": "1"}, {"name": "a", "value": "2"}], 149),
    ],
)  # fmt: skip
def test_bad_variables(items: Any, code: int):
    with pytest.raises(ApiError) as caught:
        checked_variables(items)
    assert (caught.value.status, caught.value.code) == (400, code)
