"""The screens of this room: private, and repeating nothing that a stranger sent."""

from server.authorize.pages import ToolPages
from server.keys.keyring import Keyring
from server.web.csrf import Csrf
from server.web.screens import Screens
from tests.unit.server.authorize.rig import ORIGIN
from tests.unit.server.web.asking import PERSON, asking

PAGES = ToolPages(Screens(Csrf(Keyring(b"p" * 32), (ORIGIN,)), ORIGIN, https=True))


def test_the_way_to_the_sign_in_page_keeps_the_address():
    reply = PAGES.sign_in(asking(target="/oauth/v1/device?user_code=A&x=%26", host="localhost:3939"), PERSON)
    assert reply.headers["location"] == "/__login__?next=/oauth/v1/device%3Fuser_code%3DA%26x%3D%2526"


def test_trouble_is_private():
    reply = PAGES.problem(asking(), PERSON, 400, "No", "Because.")
    assert (reply.status_code, reply.headers["referrer-policy"]) == (400, "no-referrer")
    assert b"Because." in reply.body


def test_what_was_typed_is_kept_within_bounds():
    reply = PAGES.device(asking(), PERSON, typed="X" * 50, problem="No.", status=400)
    assert b"X" * 16 + b'"' in reply.body
    assert b"X" * 17 not in reply.body


def test_the_outcome_in_words():
    for allowed, words in ((True, b"is signed in as you"), (False, b"cannot act as you")):
        reply = PAGES.answered(asking(), PERSON, "<b>Tool", allowed=allowed)
        assert words in reply.body
        assert b"<b>" not in reply.body
