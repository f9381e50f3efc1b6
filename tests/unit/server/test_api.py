"""Every route is one of its own and describes itself. Who may call it: test_who_may_call.py."""

from pathlib import Path

from server.api import api_routes
from server.web.openapi import name_of, summary
from tests.unit.server.test_app import made


async def test_no_two_routes_are_one(tmp_path: Path):
    async with made(tmp_path) as app:
        routes = api_routes(app.services)
    assert len({(r.method, r.path) for r in routes}) == len(routes)


async def test_every_route_describes_itself(tmp_path: Path):
    async with made(tmp_path) as app:
        routes = api_routes(app.services)
    assert [f"{r.method} {r.path}" for r in routes if r.says is None or not summary(r)] == []
    assert len({name_of(r) for r in routes}) == len(routes)
