"""Constraints of shapes: what they accept is what the readers of bodies and queries accept."""

import re
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from server.web.body import Fields
from server.web.described import TEXT, text, whole_number
from server.web.errors import ApiError
from server.web.routes import whole
from tests.unit.server.web.asking import asking


def shape_takes(shape: Any, value: Any) -> bool:
    try:
        TypeAdapter(shape).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("value", ["", "Grüße\n\t", "x" * 9, "a\x00b", "\x1b[2J", "\x7f", "😀"])
def test_text_is_what_fields_read(value: str):
    try:
        Fields({"name": value}).text("name", limit=8)
        fits = True
    except ApiError:
        fits = False
    assert fits is shape_takes(Annotated[str, text(8)], value) is (bool(re.match(TEXT, value)) and len(value) <= 8)


@pytest.mark.parametrize("value", [-1, 0, 1, 2**31, 10**15 - 1, 10**15, 10**20])
def test_whole_numbers_are_what_queries_read(value: int):
    try:
        fits = whole(asking(target=f"/?n={value}"), "n", 0, low=1, high=50) <= 50
    except ApiError:
        fits = False
    assert fits is shape_takes(Annotated[int, whole_number(1)], value)
