"""Who may call which route is a list, and the order of routes that could be taken for one another."""

from pathlib import Path

from server.api import api_routes
from server.web.openapi import name_of, summary
from tests.unit.server.test_app import made
from tests.unit.server.undescribed import UNDESCRIBED

# What nobody needs to sign in for, and what an app's own key may call: a new route of either sort is a decision.
OPEN = {
    ("GET", "/openapi.json"),
    ("GET", "/server_settings"),
    ("GET", "/v1/server_settings"),
    ("GET", "/v1/server_settings/public"),
    ("POST", "/v1/bootstrap"),
    ("POST", "/v1/experimental/bootstrap"),
    ("GET", "/v1/oauth/integrations/credentials"),
    ("POST", "/tokens"),
}
FOR_APPS = {
    ("GET", "/me"),
    ("GET", "/v1/user"),
    ("GET", "/v1/content"),
    ("GET", "/v1/content/{guid}"),
    ("GET", "/v1/content/{guid}/bundles"),
    ("GET", "/v1/content/{guid}/bundles/{id}"),
    ("GET", "/v1/content/{guid}/oauth/integrations/associations"),
    ("POST", "/v1/oauth/integrations/credentials"),
}


async def test_who_may_call_what_is_a_list(tmp_path: Path):
    async with made(tmp_path) as app:
        routes = api_routes(app.services)
    assert {(r.method, r.path) for r in routes if r.role is None} == OPEN
    assert {(r.method, r.path) for r in routes if r.content_key} == FOR_APPS
    assert len({(r.method, r.path) for r in routes}) == len(routes)
    paths = [r.path for r in routes]
    assert paths.index("/v1/oauth/integrations/credentials") < paths.index("/v1/oauth/integrations/{guid}")


async def test_every_route_describes_itself(tmp_path: Path):
    async with made(tmp_path) as app:
        routes = api_routes(app.services)
    assert {f"{r.method} {r.path}" for r in routes if r.says is None} <= UNDESCRIBED
    assert [f"{r.method} {r.path}" for r in routes if r.says is not None and not summary(r)] == []
    assert len({name_of(r) for r in routes}) == len(routes)
