"""Our own site: the API and the pages apart, exact addresses, and errors as a page or as JSON, as the asker reads."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.db.engine import CannotStore, DatabaseUnavailable
from server.keys.keyring import Keyring
from server.web.api import Api
from server.web.csrf import Csrf
from server.web.errors import ApiError
from server.web.screens import Screens
from server.web.site import Site
from tests.unit.server.web.asking import PERSON

ORIGIN = "http://localhost:3939"
HTML = {"Accept": "text/html"}
FAILURES = {
    "api": ApiError(409, 8, "It is <taken>."),
    "database": DatabaseUnavailable("CANARY"),
    "store": CannotStore("CANARY"),
    "other": RuntimeError("CANARY"),
}


async def fails(request: Request) -> Response:
    raise FAILURES[request.path_params["how"]]


async def here(_request: Request) -> Response:
    return PlainTextResponse("here")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    csrf = Csrf(Keyring(b"k" * 32), (ORIGIN,))
    site = Site(Api([], csrf), [Route("/fails/{how}", fails)], Screens(csrf, ORIGIN, https=False))
    site.add([Route("/room", here)])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = {"caller": PERSON, "request_id": "r-42"}
        await site(scope, receive, send)

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as made:
        yield made


async def test_the_api_and_the_pages_answer_in_their_own_way(client: httpx.AsyncClient):
    for path in ("/__api__", "/__api__/", "/__api__/nothing"):
        assert (await client.get(path)).text == "404 page not found"
    for path in ("/nothing", "/__api__x"):
        page = await client.get(path, headers=HTML)
        assert (page.status_code, "Not found" in page.text) == (404, True)
        assert page.headers["content-security-policy"]
    ping = await client.get("/__ping__")
    assert (ping.status_code, ping.json()) == (200, {})


async def test_addresses_are_exact(client: httpx.AsyncClient):
    assert (await client.get("/room")).text == "here"
    assert (await client.get("/room/")).status_code == 404
    wrong = await client.post("/room")
    assert (wrong.status_code, wrong.headers.get("location")) == (404, None)


@pytest.mark.parametrize(("how", "status"), [("api", 409), ("database", 503), ("store", 400), ("other", 500)])
async def test_failures_are_pages_that_tell_no_secret(client: httpx.AsyncClient, how: str, status: int, caplog):
    with caplog.at_level(logging.CRITICAL):
        page = await client.get(f"/fails/{how}", headers=HTML)
    assert (page.status_code, page.headers["content-type"][:9]) == (status, "text/html")
    assert "CANARY" not in page.text
    assert ("r-42" in page.text) or how != "other"
    assert ("It is &lt;taken&gt;." in page.text) is (how == "api")


async def test_a_script_reads_json(client: httpx.AsyncClient):
    answer = await client.get("/fails/api", headers={"Accept": "application/json"})
    assert (answer.status_code, json.loads(answer.text)["code"]) == (409, 8)


async def test_static_files_are_kept_and_never_sniffed(client: httpx.AsyncClient):
    icons = [await client.get(path) for path in ("/favicon.ico", "/favicon.svg", "/static/favicon.svg")]
    assert {icon.headers["content-type"] for icon in icons} == {"image/svg+xml"}
    assert len({icon.content for icon in icons}) == 1
    assert icons[2].headers["cache-control"] == "public, max-age=3600"
    assert icons[2].headers["x-content-type-options"] == "nosniff"
    assert (await client.get("/static/../site.py")).status_code == 404
    assert (await client.get("/static/%2e%2e/render.py")).status_code == 404
