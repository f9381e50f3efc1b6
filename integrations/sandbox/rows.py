"""Owns the made-up sales figures: different for every person, the same on every start."""

import hashlib
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any, Final

MONTHS: Final = tuple(f"{2025 + (10 + i) // 12}-{(10 + i) % 12 + 1:02d}" for i in range(12))


@dataclass(frozen=True)
class Book:
    """What one person sells, and where; `price` is the first product's, in whole euros."""

    regions: tuple[str, str, str]
    products: tuple[str, str, str]
    price: int
    units: int
    peak: int


@dataclass(frozen=True)
class Row:
    """Sales of one product in one region and month; revenue in whole euros."""

    region: str
    product: str
    month: str
    units: int
    revenue: int


BOOKS: Final = {
    "alice": Book(("Nordics", "Benelux", "Iberia"), ("City bike", "Cargo bike", "Helmet"), 640, 60, peak=6),
    "bob": Book(("Northeast", "Midwest", "Pacific"), ("Espresso", "Filter roast", "Grinder"), 18, 900, peak=1),
    "carol": Book(("Kanto", "Kansai", "Hokkaido"), ("Sencha", "Matcha", "Teapot"), 32, 380, peak=3),
}


def rows_of(sub: str) -> list[Row]:
    """Return the 108 rows of one person; whoever has no book of their own gets one drawn from the name."""
    book = BOOKS.get(sub) or Book(("East", "West", "South"), ("Basic", "Plus", "Pro"), 20 + _dice(sub, 80), 200, 5)
    return [
        _row(sub, book, place, kind, number)
        for number in range(len(MONTHS))
        for place in range(len(book.regions))
        for kind in range(len(book.products))
    ]


def totals(subs: list[str]) -> list[Row]:
    """Return what a service account sees: everybody's sales a region and month, no product and no person."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in (row for sub in subs for row in rows_of(sub)):
        entry = sums[row.month, row.region]
        entry[0] += row.units
        entry[1] += row.revenue
    return [Row(region, "All products", month, *entry) for (month, region), entry in sums.items()]


def as_json(rows: list[Row]) -> list[dict[str, Any]]:
    """Return rows ready for JSON."""
    return [asdict(row) for row in rows]


def _row(sub: str, book: Book, place: int, kind: int, number: int) -> Row:
    """Return one row: a season around the peak month, a slow rise, and a little chance."""
    month = MONTHS[number]
    away = abs(int(month[5:]) - book.peak)
    season = 1.35 - 0.12 * min(away, 12 - away)
    chance = 0.9 + _dice(f"{sub}{place}{kind}{month}", 200) / 1000
    units = round(book.units * (1 - 0.22 * place) * (1 - 0.28 * kind) * season * (1 + 0.012 * number) * chance)
    price = round(book.price * (1, 1.85, 0.6)[kind])
    return Row(book.regions[place], book.products[kind], month, units, units * price)


def _dice(seed: str, sides: int) -> int:
    """Return a number below `sides` that is the same for the same seed on every machine."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") % sides
