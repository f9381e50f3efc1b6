"""The description is served, describes itself, and is made once."""

import json
from pathlib import Path
from typing import Any

from openapi_spec_validator import validate

from server.api import api_routes
from server.discovery.description import Description
from server.web.described import Says
from server.web.openapi import document
from server.web.routes import Route
from tests.unit.server.test_app import made
from tests.unit.server.web.asking import asking


async def endpoint(_request: Any, _caller: Any) -> Any:
    """A thing."""


async def test_the_document():
    made = Description([Route("GET", "/v1/thing", endpoint, says=Says(reply=str))], "http://localhost:3939")
    own = made.routes[-1]
    assert (own.path, own.role) == ("/openapi.json", None)
    answer = await own.endpoint(asking(), None)  # type: ignore[arg-type]
    shown = json.loads(bytes(answer.body))
    assert answer.headers["content-type"] == "application/json"
    assert list(shown["paths"]) == ["/openapi.json", "/v1/thing"]
    assert shown["servers"] == [{"url": "http://localhost:3939/__api__"}]
    assert (await own.endpoint(asking(), None)).body is not None  # type: ignore[arg-type]


async def test_the_description_of_all_routes_is_valid(tmp_path: Path):
    async with made(tmp_path) as app:
        validate(document(api_routes(app.services), version="2026.01.0", server="http://localhost:3939/__api__"))
