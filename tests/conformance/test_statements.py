"""No list, search or opening takes more statements the more there is (N+1 queries are mistakes)."""

from pathlib import Path

from server import app as composition
from tests.bench.bench_lists import CALLS, LEEWAY, House

FEW, MORE = 20, 60


async def test_as_many_statements_for_few_as_for_many(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(composition, "discover", list)
    small, large = House(tmp_path, FEW), House(tmp_path, MORE)
    wrong = []
    for call in CALLS:
        few, more = await small.measure(call, rounds=2), await large.measure(call, rounds=2)
        if (few.status, more.status) != (200, 200) or more.statements > few.statements + LEEWAY:
            wrong.append((call.who, call.path, few, more))
    for house in (small, large):
        await house.close()
    assert wrong == []
