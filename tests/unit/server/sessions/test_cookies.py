"""Cookies from raw headers: one exact name, sent once."""

import pytest

from server.sessions.cookies import cookie_name, gateway_cookies, read_cookie, set_cookie


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["tabard_session=a"], "a"),
        (["x=1; tabard_session=a; y=2"], "a"),
        (["x=1", "tabard_session=a"], "a"),
        (["tabard_session=a; tabard_session=b"], None),
        (["tabard_session=a", "tabard_session=a"], None),
        (["__Host-tabard_session=a"], None),
        (["Tabard_Session=a"], None),
        (["tabard_session =a"], None),
        (["xtabard_session=a; tabard_sessionx=b"], None),
        (["tabard_session"], None),
        (["tabard_session="], ""),
        (["tabard_session=a=b"], "a=b"),
        (['x="tabard_session=a"'], None),
        (["x=1;;;; tabard_session=a"], "a"),
        ([], None),
        ([""], None),
    ],
)
def test_reading(values: list[str], found: str | None):
    headers = [(b"cookie", value.encode()) for value in values]
    assert read_cookie([(b"host", b"tabard_session=z"), *headers], "tabard_session") == found


def test_what_is_not_ascii_is_nothing():
    assert read_cookie([(b"cookie", b"tabard_session=\xff")], "tabard_session") is None


def test_on_https_only_the_prefixed_name_counts():
    assert cookie_name(True) == "__Host-tabard_session"
    assert read_cookie([(b"cookie", b"tabard_session=weak")], cookie_name(True)) is None


def test_what_is_set():
    assert set_cookie("a", "b", secure=False, max_age=None) == "a=b; Path=/; HttpOnly; SameSite=Lax"
    assert set_cookie("a", "", secure=True, max_age=0) == "a=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"


def test_apps_never_get_ours_by_any_prefix():
    names = gateway_cookies()
    assert {b"tabard_session", b"__Host-tabard_session", b"__Secure-tabard_session", b"tabard_signin"} <= names
