"""The API's own dispatch: routes, methods, errors."""

import logging
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from server.db.engine import CannotStore, DatabaseUnavailable
from server.keys.keyring import Keyring
from server.web.api import Api
from server.web.caller import ANONYMOUS, BadCredential, Caller
from server.web.csrf import Csrf
from server.web.errors import ApiError
from server.web.routes import Route, Routes, json_reply
from tests.unit.server.web.asking import BY_KEY, PERSON, asking

routes = Routes()


@routes.get("/v1/open", role=None)
async def an_open_one(_request: Request, caller: Caller) -> Response:
    return json_reply({"via": caller.via})


@routes.put("/v1/things/all", role=None)
async def everything(_request: Request, _caller: Caller) -> Response:
    return json_reply({})


@routes.get("/v1/things/{guid}")
async def thing(request: Request, _caller: Caller) -> Response:
    return json_reply(request.path_params)


@routes.post("/v1/things/{guid}")
async def change(_request: Request, _caller: Caller) -> Response:
    return json_reply({})


@routes.get("/v1/fails/{how}")
async def fails(request: Request, _caller: Caller) -> Response:
    raise {
        "api": ApiError(418, 77, "short", {"x": 1}, retry=0.2),
        "database": DatabaseUnavailable("x"),
        "store": CannotStore("x"),
        "other": RuntimeError("secret-canary"),
    }[request.path_params["how"]]


API = Api(routes.routes, Csrf(Keyring(b"c" * 32), ("http://localhost:3939",)))


async def call(
    path: str, method: str = "GET", caller: Caller | BadCredential = BY_KEY, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    request = asking(method, f"/__api__{path}", caller=caller, **headers)
    await API(request.scope, request.receive, send)  # type: ignore[arg-type]
    body = b"".join(m.get("body", b"") for m in sent)
    found = {n.decode(): v.decode() for n, v in sent[0]["headers"]}
    return sent[0]["status"], body.decode(), found


@pytest.mark.parametrize("path", ["/v1/things/a", "/v1/things/a/"])
async def test_a_slash_at_the_end_matches_and_never_redirects(path: str):
    status, body, headers = await call(path)
    assert (status, body) == (200, '{"guid":"a"}')
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/things", "/v1/things/a/b", "/v1/thingsx/a", "/V1/things/a"])
async def test_unknown_paths_are_plain_text(path: str):
    status, body, headers = await call(path)
    assert (status, body) == (404, "404 page not found")
    assert headers["content-type"].startswith("text/plain")


async def test_methods():
    status, _body, headers = await call("/v1/things/a", "DELETE")
    assert (status, headers["allow"]) == (405, "GET, POST")
    assert (await call("/v1/things/a", "HEAD"))[0] == 200
    assert (await call("/v1/open", "POST"))[0] == 405
    # A path that is spelt out is nobody's GUID, whatever the method.
    assert (await call("/v1/things/all", "PUT"))[0] == 200
    status, _body, headers = await call("/v1/things/all")
    assert (status, headers["allow"]) == (405, "PUT")


async def test_errors_have_one_shape(caplog: pytest.LogCaptureFixture):
    status, body, headers = await call("/v1/fails/api")
    assert (status, body) == (418, '{"code":77,"error":"short","payload":{"x":1}}')
    assert headers["retry-after"] == "1"
    assert (await call("/v1/fails/store"))[0] == 400
    with caplog.at_level(logging.CRITICAL):
        assert (await call("/v1/fails/database"))[0] == 503
        status, body, _headers = await call("/v1/fails/other")
    assert status == 500
    assert "canary" not in body


async def test_bad_credentials_stop_where_a_role_is_needed_and_do_not_matter_elsewhere():
    bad = BadCredential(30, "The API key is not valid.")
    assert (await call("/v1/things/a", caller=bad))[0] == 401
    assert await call("/v1/open", caller=bad) == await call("/v1/open", caller=ANONYMOUS)
    assert (await call("/v1/open", caller=BadCredential(24, "Two.", status=400)))[0] == 400


async def test_a_cookie_cannot_post_from_elsewhere():
    assert (await call("/v1/things/a", "POST", PERSON))[0] == 403
    assert (await call("/v1/things/a", "POST", BY_KEY))[0] == 200
    assert (await call("/v1/things/a", "GET", PERSON))[0] == 200


async def test_a_name_that_occurs_twice_in_a_query_is_refused():
    status, body, _headers = await call("/v1/things/a?x=1&y=2&x=1")
    assert (status, "x occurs twice" in body) == (400, True)
    assert (await call("/v1/things/a?x=1&y=2"))[0] == 200


async def test_a_path_that_is_declared_as_it_is_is_nothing_else():
    for order in (1, -1):
        routes = [Route("GET", "/v1/x/one", thing, role=None), Route("PUT", "/v1/x/{guid}", thing, role=None)][::order]
        api = Api(routes, Csrf(Keyring(b"k" * 32), ()))
        for method, path, status in (
            ("GET", "one", 200),
            ("PUT", "one", 405),
            ("PUT", "two", 200),
            ("GET", "two", 405),
        ):
            request, sent = asking(method, f"/__api__/v1/x/{path}"), list[Any]()

            async def send(message: Any, sent: list[Any] = sent) -> None:
                sent.append(message)

            await api(request.scope, request.receive, send)
            assert sent[0]["status"] == status, (method, path)
