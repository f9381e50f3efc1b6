"""Makes the placeholder picture of a content item: the same kind and title give the same drawing.

Everything in it is a number computed here; no text of anybody's reaches the SVG.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import Literal

WIDTH, HEIGHT = 320, 144
PALETTES = 6

Motif = Literal["area", "bars", "dots", "tiles", "lines"]

_MOTIFS: dict[str, tuple[Motif, ...]] = {
    "python-streamlit": ("area", "bars"),
    "python-panel": ("tiles", "dots"),
    "python-bokeh": ("dots", "area"),
    "python-dash": ("tiles", "bars"),
    "python-shiny": ("bars", "area"),
    "python-gradio": ("tiles",),
    "python-api": ("lines", "dots"),
    "python-fastapi": ("lines", "dots"),
    "jupyter-voila": ("area", "dots"),
    "jupyter-static": ("lines",),
    "quarto-static": ("lines",),
    "static": ("lines",),
}
_ANY: tuple[Motif, ...] = ("area", "bars", "dots", "tiles")


@dataclass(frozen=True, slots=True)
class Box:
    """A rounded rectangle; `tone` 0 (faint) to 2 (full) picks its fill."""

    x: int
    y: int
    width: int
    height: int
    tone: int


@dataclass(frozen=True, slots=True)
class Dot:
    """A circle of a scatter plot."""

    x: int
    y: int
    radius: int
    tone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A drawing on a 320 by 144 field: colour family, and shapes in the order they are painted."""

    palette: int
    motif: Motif
    areas: tuple[str, ...] = ()
    """SVG path data of closed shapes, from back to front."""
    boxes: tuple[Box, ...] = ()
    dots: tuple[Dot, ...] = ()


def thumbnail(kind: str, title: str) -> Thumbnail:
    """The drawing for a content item of this kind (app mode) and title."""
    seed = hashlib.sha256(f"{kind}\0{title}".encode()).digest()
    motifs = _MOTIFS.get(kind, _ANY)
    motif = motifs[seed[0] % len(motifs)]
    palette = seed[1] % PALETTES
    numbers = seed[2:]
    match motif:
        case "area":
            return Thumbnail(palette=palette, motif=motif, areas=(_wave(numbers[:7], 40), _wave(numbers[8:15], 74)))
        case "bars":
            return Thumbnail(palette=palette, motif=motif, boxes=_bars(numbers))
        case "dots":
            return Thumbnail(palette=palette, motif=motif, dots=_dots(numbers))
        case "tiles":
            return Thumbnail(palette=palette, motif=motif, boxes=_tiles(numbers))
        case "lines":
            return Thumbnail(palette=palette, motif=motif, boxes=_lines(numbers))


def _wave(numbers: bytes, top: int) -> str:
    """A smooth curve closed along the bottom; level tangents at each point keep it from overshooting."""
    points = [(round(index * WIDTH / 6), top + number % 56) for index, number in enumerate(numbers)]
    path = f"M0 {HEIGHT}V{points[0][1]}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (x0 + x1) // 2
        path += f"C{middle} {y0} {middle} {y1} {x1} {y1}"
    return f"{path}V{HEIGHT}Z"


def _bars(numbers: bytes) -> tuple[Box, ...]:
    heights = [28 + number % 84 for number in numbers[:9]]
    tallest = max(heights)
    return tuple(
        Box(28 + index * 30, HEIGHT - height, 22, height + 8, 2 if height == tallest else 1)
        for index, height in enumerate(heights)
    )


def _dots(numbers: bytes) -> tuple[Dot, ...]:
    return tuple(
        Dot(
            24 + index * 20 + numbers[index] % 13,
            116 - index * 5 - numbers[index + 14] % 36,
            4 + numbers[index] % 8,
            index % 3,
        )
        for index in range(14)
    )


def _tiles(numbers: bytes) -> tuple[Box, ...]:
    small = tuple(Box(24 + index * 94, 20, 84, 30, 2 if numbers[0] % 3 == index else 0) for index in range(3))
    frame = Box(24, 60, 178, 100, 0)
    side = Box(212, 60, 84, 100, 0)
    bars = tuple(
        Box(38 + index * 22, HEIGHT - 14 - height, 14, height + 24, 1)
        for index, height in enumerate(8 + number % 52 for number in numbers[1:8])
    )
    rows = tuple(Box(224, 74 + index * 16, 24 + numbers[9 + index] % 36, 6, 1) for index in range(4))
    return (*small, frame, side, *bars, *rows)


def _lines(numbers: bytes) -> tuple[Box, ...]:
    sheet = Box(80, 24, 160, 140, 0)
    heading = Box(98, 42, 60 + numbers[0] % 40, 10, 2)
    rows = tuple(Box(98, 66 + index * 14, 84 + numbers[1 + index] % 40, 5, 1) for index in range(6))
    return (sheet, heading, *rows)
