"""Every connection's first step: content to its app, all else to our site, and refusals in the asker's own form."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from runners.published import Published
from server.content.view import ContentView
from server.db.engine import DatabaseUnavailable
from server.gateway import dispatch, obstacles
from server.gateway.answers import Answers
from server.gateway.dispatch import PATIENCE, Gateway
from server.gateway.visit import Shelved, Visit
from server.keys.keyring import Keyring
from server.proxy.contract import Destination, Head, Refusal
from server.proxy.failures import UpstreamFailed, UpstreamTimedOut
from server.web.csrf import Csrf
from server.web.screens import Screens
from tests.unit.server.web.asking import PERSON, asking

ORIGIN = "http://localhost:3939"
VIEW = ContentView(1, "g", "app", "Sales", 2, "o", "Olga", "acl", "python-streamlit", 7, False, "", {})
BROWSER = {"accept": "text/html", "sec_fetch_mode": "navigate"}
DESTINATION = Destination(None, b"/content/g/", (), ORIGIN, "/content/g", frozenset())  # type: ignore[arg-type]
VISIT = Visit(PERSON, VIEW, DESTINATION)


@dataclass
class Desk:
    """A gateway whose visits, sessions and site are scripted."""

    found: Any = VISIT
    patience: list[float | None] = field(default_factory=list)
    noted: list[Any] = field(default_factory=list)
    forwarded: list[Any] = field(default_factory=list)
    failure: Exception | None = None
    visits: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        screens = Screens(Csrf(Keyring(b"k" * 32), (ORIGIN,)), ORIGIN, https=False)
        answers = Answers(screens, self, self)  # type: ignore[arg-type]
        self.gateway = Gateway(self, answers, self, self.site, self, self, self, self, self, self)  # type: ignore[arg-type]

    async def decide(
        self, _target: bytes, _headers: Any, *, method: str = "GET", socket: bool, patience: float | None
    ) -> Any:
        self.patience.append(patience)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def elsewhere(self, target: bytes, _caller: Any) -> Response | None:
        return Response("moved", 307) if target.startswith(b"/finance") else None

    async def picture(self, _scope: Any, view: Any) -> Response:
        return Response(f"picture of {view.guid}")

    def note(self, *who: Any) -> None:
        self.noted.append(who)

    def visited(self, *what: Any) -> None:
        self.visits.append(what)

    def opened(self, *_who: Any) -> Any:
        self.visits.append("opened")
        return lambda: self.visits.append("ended")

    async def identify(self, _headers: Any, _line: Any) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return PERSON

    async def site(self, scope: Any, receive: Any, send: Any) -> None:
        state = scope["state"]
        await JSONResponse([state["caller"].username, len(state["request_id"])])(scope, receive, send)

    async def forward(self, scope: Any, receive: Any, send: Any, destination: Any, *_: Any) -> None:
        self.forwarded.append(destination)
        if self.failure is not None:
            raise self.failure
        await Response("the app")(scope, receive, send)

    async def ask(self, target: str, **headers: str) -> tuple[int, str, dict[bytes, bytes]]:
        request, sent = asking("GET", target, **headers), []
        request.scope["raw_path"] = request.scope["path"].encode()
        request.scope["asgi"] = {"spec_version": "2.4"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.gateway(request.scope, request.receive, send)
        return sent[0]["status"], b"".join(m.get("body", b"") for m in sent).decode(), dict(sent[0]["headers"])


@pytest.fixture
def desk(monkeypatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(dispatch, "forward", made.forward)
    return made


async def test_content_goes_to_its_app_and_all_else_to_the_site(desk: Desk):
    assert (await desk.ask("/content/g/"))[:2] == (200, "the app")
    assert (desk.forwarded, desk.noted) == ([DESTINATION], [(PERSON, VIEW)])
    for path in ("/content", "/", "/contents/g/", "/__api__/content/"):
        status, body, _headers = await desk.ask(path)
        assert (status, json.loads(body)) == (200, ["ann", 12])
    assert len(desk.forwarded) == 1


async def test_what_is_reached_by_another_name(desk: Desk):
    assert (await desk.ask("/finance/x"))[:2] == (307, "moved")
    refused = await desk.gateway.decide_socket(Head(b"GET", b"/finance/x", (), None, "http"))
    assert isinstance(refused, Refusal)
    assert refused.status == 307
    desk.found = obstacles.Pictured(PERSON, VIEW)
    assert (await desk.ask("/content/g/__thumbnail__", accept="text/html"))[:2] == (200, f"picture of {VIEW.guid}")
    assert desk.forwarded == []


async def test_browsers_wait_shortly_and_get_pages_scripts_wait_and_get_json(desk: Desk):
    desk.found = obstacles.NotAllowed(PERSON, VIEW)
    status, body, headers = await desk.ask("/content/g/", accept="text/html")
    assert (status, headers[b"content-type"][:9], "Olga" in body) == (403, b"text/html", True)
    status, body, _headers = await desk.ask("/content/g/", accept="application/json")
    assert (status, json.loads(body)["code"]) == (403, 22)
    assert desk.patience == [PATIENCE, None]
    assert desk.noted == desk.forwarded == []


@pytest.mark.parametrize(("failure", "status"), [(UpstreamFailed("cut"), 502), (UpstreamTimedOut("slow"), 504)])
async def test_an_app_that_does_not_answer(desk: Desk, failure: Exception, status: int):
    desk.failure = failure
    found, body, _headers = await desk.ask("/content/g/")
    assert (found, json.loads(body)["error"]) == (status, f"The app did not answer: {failure}.")


async def test_without_a_database_everybody_is_told_to_come_back(desk: Desk):
    desk.found = DatabaseUnavailable("CANARY")
    for path in ("/content/g/", "/"):
        status, body, headers = await desk.ask(path)
        assert (status, headers[b"retry-after"], "CANARY" in body) == (503, b"2", False)
    refused = await desk.gateway.decide_socket(Head(b"GET", b"/content/g/", (), None, "http"))
    assert isinstance(refused, Refusal)
    assert refused.status == 503


async def test_sockets_are_let_through_or_refused_in_json(desk: Desk):
    head = Head(b"GET", b"/content/g/_stcore/stream", (), None, "http")
    assert await desk.gateway.decide_socket(head) is DESTINATION
    assert desk.noted == [(PERSON, VIEW)]
    desk.found = obstacles.SignIn()
    refused = await desk.gateway.decide_socket(head)
    assert isinstance(refused, Refusal)
    assert (refused.status, json.loads(refused.body)["code"]) == (401, 24)
    assert b"content-length" not in dict(refused.headers)


async def test_files_are_answered_here(desk: Desk, tmp_path):
    (tmp_path / "index.html").write_text("<p>hello")
    site = Published(tmp_path, frozenset({"index.html"}), "index.html", "m")
    desk.found = Visit(PERSON, VIEW, Shelved(site, "/content/g", "/", ""))
    status, body, headers = await desk.ask("/content/g/")
    assert (status, body, headers[b"cache-control"]) == (200, "<p>hello", b"private, no-cache")
    desk.found = Visit(PERSON, VIEW, Shelved(site, "/content/g", "/other", ""))
    status, body, _headers = await desk.ask("/content/g/other")
    assert (status, json.loads(body)["code"]) == (404, 4)
    refused = await desk.gateway.decide_socket(Head(b"GET", b"/content/g/", (), None, "http"))
    assert isinstance(refused, Refusal)
    assert refused.status == 404
    assert desk.forwarded == []


async def test_opening_a_page_is_a_visit_and_what_it_loads_or_a_draft_is_none(desk: Desk):
    desk.found = replace(VISIT, bundle_id=7, inside="/")
    await desk.ask("/content/g/", **BROWSER, user_agent="Firefox")
    await desk.ask("/content/g/app.js", accept="*/*", sec_fetch_mode="no-cors")
    desk.found = replace(VISIT, draft=True)
    await desk.ask("/content/g/_bundle7/", **BROWSER)
    assert desk.visits == [(PERSON, VIEW, 7, "/", "Firefox")]
    assert len(desk.forwarded) == 3


async def test_only_shiny_apps_have_their_connections_noted(desk: Desk):
    head = Head(b"GET", b"/content/g/ws", (), None, "http")
    found = await desk.gateway.decide_socket(head)
    assert isinstance(found, Destination)
    assert found.opened is None
    shiny = replace(VISIT, view=replace(VIEW, app_mode="python-shiny"))
    desk.found = replace(shiny, draft=True)
    found = await desk.gateway.decide_socket(head)
    assert isinstance(found, Destination)
    assert found.opened is None
    desk.found = shiny
    found = await desk.gateway.decide_socket(head)
    assert isinstance(found, Destination)
    assert found.opened is not None
    found.opened()()
    assert desk.visits == ["opened", "ended"]
