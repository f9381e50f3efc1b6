"""What an early end is answered: JSON with the right number for scripts, a page with the right status for browsers."""

import html
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import PlainTextResponse, Response

from server.consent.check import Missing, Needed
from server.content.view import ContentView
from server.gateway import obstacles
from server.gateway.acquire import CannotStart, StillStarting
from server.gateway.answers import Answers
from server.instances.live import StartProblem
from server.keys.keyring import Keyring
from server.loans.notice import Notices
from server.oauth.store import AssociationView
from server.web.caller import BadCredential
from server.web.csrf import Csrf
from server.web.screens import Screens
from tests.unit.server.web.asking import PERSON, asking

ORIGIN = "http://localhost:3939"
TARGET = "/content/g/x?a=b&c=d"
VIEW = ContentView(1, "g", "app", "Sales", 2, "o", "Olga", "acl", "python-streamlit", 7, False, "", {})
NEVER = ContentView(1, "g", "app", "Sales", 2, "o", "Olga", "acl", "", None, False, "", {})
CLOSED = ContentView(1, "g", "app", "Sales", 2, "o", "Olga", "acl", "", 7, True, "Moving house.", {})
BROKEN = CannotStart(StartProblem("The app <ended>.", "CANARY line\nlast line"))
USE = AssociationView(1, "i", "Warehouse", None, "custom", "Viewer", "f", 1, None)  # type: ignore[arg-type]
WAITING = Missing(PERSON, VIEW, (Needed(USE, "It has expired."),), 3)


class Gate:
    """In place of the connect room."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    async def __call__(self, _request: Any, _caller: Any, view: Any, guid: str, **terms: Any) -> Response:
        self.asked = {"view": view, "guid": guid} | terms
        return PlainTextResponse("the connect screen")


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def answers(gate: Gate) -> Answers:
    csrf = Csrf(Keyring(b"k" * 32), (ORIGIN,))
    screens = Screens(csrf, ORIGIN, https=False)
    return Answers(screens, gate, Notices(screens, csrf, secure=False))


async def page(answers: Answers, obstacle: Any) -> tuple[int, str, Response]:
    reply = await answers.page(obstacle, TARGET, asking(caller=PERSON))
    return reply.status_code, html.unescape(bytes(reply.body).decode()), reply


@pytest.mark.parametrize(
    ("obstacle", "status", "code"),
    [
        (obstacles.BadIdentity(BadCredential(30, "no")), 401, 30), (obstacles.SignIn(), 401, 24),
        (obstacles.BadIdentity(BadCredential(22, "no", 403)), 403, 22), (obstacles.ForeignOrigin(), 403, 22),
        (obstacles.Nothing(PERSON), 404, 4), (obstacles.NotAllowed(PERSON, VIEW), 403, 22),
        (obstacles.Locked(PERSON, VIEW), 403, 223), (obstacles.NotConnected(PERSON, VIEW, WAITING), 403, 220),
        (obstacles.NotReady(PERSON, VIEW, StillStarting(())), 503, 1),
        (obstacles.NotRunning(PERSON, VIEW, BROKEN, True, 504), 504, 1),
    ],
)  # fmt: skip
def test_scripts_get_json(answers: Answers, obstacle: Any, status: int, code: int):
    reply = answers.scripted(obstacle, TARGET)
    body = json.loads(bytes(reply.body))
    assert (reply.status_code, body["code"], body.keys()) == (status, code, {"code", "error", "payload"})
    assert reply.headers["cache-control"] == "no-store"
    assert ("retry-after" in reply.headers) == (status == 503)
    assert "CANARY" not in str(body)


def test_where_a_script_is_sent(answers: Answers):
    login = json.loads(bytes(answers.scripted(obstacles.SignIn(), TARGET).body))["payload"]["login_url"]
    assert parse_qs(urlsplit(login).query) == {"next": [TARGET]}
    consent = json.loads(bytes(answers.scripted(obstacles.NotConnected(PERSON, VIEW, WAITING), TARGET).body))
    assert consent["payload"] == {"consent_url": f"{ORIGIN}/content/g/"}
    moved = answers.scripted(obstacles.Elsewhere("/content/g/"), TARGET)
    assert (moved.status_code, moved.headers["location"]) == (307, "/content/g/")
    assert b"Moving house." in bytes(answers.scripted(obstacles.Locked(PERSON, CLOSED), TARGET).body)


async def test_pages_say_what_happened(answers: Answers):
    status, _text, reply = await page(answers, obstacles.SignIn())
    assert (status, parse_qs(urlsplit(reply.headers["location"]).query)) == (303, {"next": [TARGET]})
    status, text, _reply = await page(answers, obstacles.Nothing(PERSON, NEVER))
    assert (status, "Sales has been created" in text) == (404, True)
    status, text, _reply = await page(answers, obstacles.Nothing(PERSON, VIEW))
    assert (status, "Sales" in text, "a=b" in text) == (404, False, False)
    status, text, _reply = await page(answers, obstacles.NotAllowed(PERSON, VIEW))
    assert (status, "Olga" in text, "Sales" in text) == (403, True, False)
    status, text, _reply = await page(answers, obstacles.Locked(PERSON, CLOSED))
    assert (status, "Moving house." in text) == (403, True)
    status, text, _reply = await page(answers, obstacles.NotReady(PERSON, VIEW, StillStarting(("one", "Building it"))))
    assert (status, "Building it" in text, "Sales" in text) == (200, True, True)


async def test_documents_are_not_apps(answers: Answers):
    report = replace(VIEW, app_mode="jupyter-static")
    status, text, _reply = await page(answers, obstacles.NotReady(PERSON, report, StillStarting(("Rendering",))))
    assert (status, "Rendering Sales" in text, "the app" in text) == (200, True, False)
    status, text, _reply = await page(answers, obstacles.NotRunning(PERSON, report, BROKEN, editable=False))
    assert (status, "Sales cannot be shown" in text, "could not be rendered" in text) == (502, True, True)


async def test_the_first_missing_connection_is_asked_for(answers: Answers, gate: Gate):
    status, text, _reply = await page(answers, obstacles.NotConnected(PERSON, VIEW, WAITING))
    assert (status, text) == (200, "the connect screen")
    assert gate.asked == {
        "view": VIEW, "guid": "i", "next_path": TARGET, "again": "It has expired.", "step": 3, "steps": 3,
    }  # fmt: skip


@pytest.mark.parametrize("editable", [True, False])
async def test_only_editors_read_the_log(answers: Answers, editable: bool):
    status, text, reply = await page(answers, obstacles.NotRunning(PERSON, VIEW, BROKEN, editable))
    assert status == 502
    for words in ("CANARY line", "The app <ended>.", "/apps/g/logs"):
        assert (words in text) is editable, words
    assert b"<ended>" not in bytes(reply.body)
