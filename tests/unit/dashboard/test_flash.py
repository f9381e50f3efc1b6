"""A message survives one redirect, for the person it was meant for and nobody else."""

from starlette.requests import Request

from dashboard.flash import LIFE, Flashes
from server.keys.keyring import Keyring
from server.pages.views import Flash
from server.web.caller import Caller

ALICE = Caller(user_id=1, via="session", credential="session:a")
BOB = Caller(user_id=2, via="session", credential="session:b")


def request(cookie: str) -> Request:
    sent = cookie.partition(";")[0].encode()
    return Request({"type": "http", "headers": [(b"cookie", sent)], "method": "GET", "path": "/"})


def test_it_comes_back_to_the_same_session_only() -> None:
    flashes = Flashes(Keyring(b"k" * 32), secure=False)
    cookie = flashes.put(ALICE, "success", "Saved <b>& all</b>.")
    assert f"Max-Age={LIFE}" in cookie
    assert "HttpOnly; SameSite=Lax" in cookie
    assert flashes.read(request(cookie), ALICE) == Flash(kind="success", text="Saved <b>& all</b>.")
    assert flashes.read(request(cookie), BOB) is None
    assert Flashes(Keyring(b"x" * 32), secure=False).read(request(cookie), ALICE) is None


def test_what_was_not_made_by_us_is_nothing() -> None:
    flashes = Flashes(Keyring(b"k" * 32), secure=False)
    for value in ("", "a.b.c", "tabard_flash=" + "x" * 3000, "tabard_flash=a; tabard_flash=b"):
        assert flashes.read(request(value), ALICE) is None


def test_over_https_other_hosts_cannot_set_it() -> None:
    flashes = Flashes(Keyring(b"k" * 32), secure=True)
    cookie = flashes.put(ALICE, "info", "x" * 5000)
    assert cookie.startswith("__Host-tabard_flash=")
    assert cookie.endswith("; Secure")
    assert len(cookie) < 1200
    assert "Max-Age=0" in flashes.clear()


def test_apps_never_see_it() -> None:
    from server.sessions.cookies import gateway_cookies

    for secure in (True, False):
        assert Flashes(Keyring(b"k" * 32), secure=secure).cookie.encode() in gateway_cookies()
