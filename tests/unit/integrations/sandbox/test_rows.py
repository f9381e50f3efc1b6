"""The figures: the same on every start, and different for everybody."""

from integrations.sandbox.rows import MONTHS, rows_of, totals


def test_a_year_of_months():
    assert (MONTHS[0], MONTHS[-1], len(set(MONTHS))) == ("2025-11", "2026-10", 12)


def test_rows_do_not_change():
    assert rows_of("alice") == rows_of("alice")
    assert all(row.units > 0 and row.revenue > 0 for row in rows_of("bob"))


def test_people_without_a_book_have_rows_too():
    assert len(rows_of("dora")) == 108
    assert rows_of("dora") != rows_of("emil")


def test_totals_add_up():
    people = ["alice", "bob"]
    assert sum(row.units for row in totals(people)) == sum(row.units for p in people for row in rows_of(p))
