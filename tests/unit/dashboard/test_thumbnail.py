"""Placeholder pictures: steady, varied, within their field."""

import re

import pytest

from dashboard.thumbnail import HEIGHT, PALETTES, WIDTH, thumbnail

KINDS = ["python-streamlit", "python-panel", "python-dash", "static", "jupyter-static", "", "unheard-of"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_item_always_looks_the_same(kind: str) -> None:
    assert thumbnail(kind, "Sales") == thumbnail(kind, "Sales")


def test_items_differ() -> None:
    drawings = [thumbnail("python-streamlit", f"App {index}") for index in range(60)]
    assert {drawing.palette for drawing in drawings} == set(range(PALETTES))
    assert {drawing.motif for drawing in drawings} == {"area", "bars"}
    assert len(set(drawings)) == 60


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_stay_in_their_field_and_hold_only_numbers(kind: str) -> None:
    for index in range(40):
        drawing = thumbnail(kind, f'"><svg onload={index}>')
        assert drawing.areas or drawing.boxes or drawing.dots
        for path in drawing.areas:
            assert re.fullmatch(r"[MCVZ0-9 ]+", path)
        for box in drawing.boxes:
            assert 0 <= box.x <= box.x + box.width <= WIDTH
            assert 0 <= box.y < HEIGHT
        for dot in drawing.dots:
            assert dot.radius <= dot.x <= WIDTH - dot.radius
            assert dot.radius <= dot.y <= HEIGHT - dot.radius
