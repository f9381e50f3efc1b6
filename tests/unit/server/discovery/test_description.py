"""The description is served, describes itself, and is made once."""

import json
from typing import Any

from server.discovery.description import Description
from server.web.described import Says
from server.web.routes import Route
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
