"""The screens around a consent: in words, with the right status, and never handing their address on."""

import html
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.responses import Response

from integrations.catalog import load
from integrations.contract import ClientConfig
from server.connect.asking import Ask
from server.connect.pages import ConnectPages, asking
from server.content.view import ContentView
from server.keys.keyring import Keyring
from server.web.csrf import Csrf
from server.web.screens import Screens
from tests.unit.server.web.asking import PERSON
from tests.unit.server.web.asking import asking as request_of

ORIGIN = "http://localhost:3939"
KEYRING = Keyring(b"k" * 32)
PAGES = ConnectPages(Screens(Csrf(KEYRING, (ORIGIN,)), ORIGIN, https=False), KEYRING, load())
ROW: Any = SimpleNamespace(guid="i", name="Ware<house>", template="custom")
VIEW = ContentView(1, "g", "app", "Sales", 2, "o", "Olga", "acl", "python-streamlit", 7, False, "", {})
CONFIG = ClientConfig(
    template="custom", auth_type="Viewer", token_uri="https://p/t", client_id="c", scopes=("email", "rows.read")
)


def text(reply: Response) -> str:
    assert b"Ware<house>" not in bytes(reply.body)
    return html.unescape(bytes(reply.body).decode())


def test_the_gate_says_who_asks_for_what():
    reply = PAGES.gate(
        request_of(caller=PERSON), PERSON, Ask(ROW, VIEW), CONFIG, next_path="/content/g/?a=b", again="It has expired."
    )
    shown = text(reply)
    assert reply.status_code == 200
    for words in ("Ware<house>", "Sales", "See your e-mail address there", "rows.read", "It has expired.", "?a=b"):
        assert words in shown, words
    assert "/__oauth__/integrations/i/login" in shown
    assert 'name="csrf"' in shown


@pytest.mark.parametrize(("by", "status"), [("person", 403), ("provider", 400), ("role", 403)])
def test_declined_by_whom(by: Any, status: int):
    reply = PAGES.declined(
        request_of(caller=PERSON),
        PERSON,
        Ask(ROW, VIEW),
        next_path="/",
        by=by,
        said="Not <allowed>.",
        refused="R1",
    )
    assert reply.status_code == status
    assert ("Not <allowed>." in text(reply)) is (by != "person")
    assert ("R1" in text(reply)) is (by == "role")
    assert (reply.headers["referrer-policy"], reply.headers["cache-control"]) == ("no-referrer", "no-store")


@pytest.mark.parametrize(("back", "label"), [("/", "Go to Home"), ("/content/g/", "Go back")])
def test_other_trouble(back: str, label: str):
    reply = PAGES.problem(request_of(caller=PERSON), PERSON, 400, "It is over", "Start again.", back=back)
    assert (reply.status_code, label in text(reply), f'href="{back}"' in text(reply)) == (400, True, True)
    assert reply.headers["referrer-policy"] == "no-referrer"


def test_without_content_and_without_a_name():
    bare: Any = SimpleNamespace(guid="i", name=None, template="github")
    made = asking(Ask(bare, None), "/connections")
    assert (made.content_guid, made.integration_name, made.vendor, made.next) == (
        "",
        "github",
        "github",
        "/connections",
    )
    reply = PAGES.gate(request_of(caller=PERSON), PERSON, Ask(bare, None), CONFIG, next_path="/")
    assert "this server's administrator" in text(reply)
