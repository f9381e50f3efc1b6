"""Session handles: opaque, bound, and refused when anything about them is wrong."""

import base64

import pytest

from server.keys.keyring import Keyring
from server.sessions import handles
from server.sessions.handles import Handles
from server.web.caller import Caller

ANN = Caller(user_id=1, guid="ann", username="ann", role="viewer", via="session", credential="session:s1")


def test_a_handle_says_who_where_and_by_what():
    made = Handles(Keyring(b"h" * 32))
    text = made.viewer(ANN, "content-1")
    found = made.read(text)
    assert found is not None
    assert (found.kind, found.user_guid, found.credential, found.content_guid) == (
        "viewer", "ann", "session:s1", "content-1",
    )  # fmt: skip
    assert "ann" not in text
    assert text.isascii()
    assert len(text) < 600


def test_one_session_has_one_handle_for_each_content():
    made = Handles(Keyring(b"h" * 32))
    assert made.viewer(ANN, "c") == made.viewer(ANN, "c")
    assert made.viewer(ANN, "c") != made.viewer(ANN, "d")
    other = Caller(user_id=1, guid="ann", via="session", credential="session:s2")
    assert made.viewer(ANN, "c") != made.viewer(other, "c")


def test_a_handle_survives_a_restart_with_the_same_key_only():
    text = Handles(Keyring(b"h" * 32)).viewer(ANN, "c")
    assert Handles(Keyring(b"h" * 32)).read(text) is not None
    assert Handles(Keyring(b"i" * 32)).read(text) is None


def test_a_content_token_is_of_another_kind():
    made = Handles(Keyring(b"h" * 32))
    found = made.read(made.content("c", "instance-1"))
    assert found is not None
    assert (found.kind, found.user_guid, found.instance) == ("content", "", "instance-1")


@pytest.mark.parametrize(
    "text", ["", "x", "ü", "a" * 5000, "====", "..", "-" * 100, base64.urlsafe_b64encode(b"\x01" + b"x" * 80).decode()]
)
def test_what_we_did_not_make_is_nothing(text: str):
    assert Handles(Keyring(b"h" * 32)).read(text) is None


def test_no_character_may_change():
    made = Handles(Keyring(b"h" * 32))
    text = made.viewer(ANN, "c")
    for position in range(0, len(text), 7):
        other = "A" if text[position] != "A" else "B"
        assert made.read(text[:position] + other + text[position + 1 :]) is None
    # Another purpose's seal under the same key is no handle.
    sealed = Keyring(b"h" * 32).seal("[]", purpose="variable", bound_to="x")
    assert made.read(base64.urlsafe_b64encode(sealed).decode()) is None


def test_one_handle_has_one_spelling():
    made = Handles(Keyring(b"h" * 32))
    for content in ("c", "cc", "ccc"):
        text = made.viewer(ANN, content)
        assert made.read(text) is not None
        for other in (
            text + "=",
            text + "==",
            text + "A",
            text + "AA",
            text[:-1] + chr(ord(text[-1]) + 1),
            f"{text}\n",
        ):
            assert made.read(other) is None


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(handles, "MOST_CACHED", 5)
    made = Handles(Keyring(b"h" * 32))
    for number in range(100):
        made.viewer(ANN, f"c{number}")
    assert len(made._made) == 5
