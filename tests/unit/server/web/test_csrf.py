"""The matrix of cross-site requests (security.md G-23, G-32)."""

import itertools

import pytest

from server.keys.keyring import Keyring
from server.web.caller import ANONYMOUS, Caller
from server.web.csrf import Csrf
from server.web.errors import ApiError
from tests.unit.server.web.asking import BY_KEY, PERSON, asking

OURS = "http://localhost:3939"
CSRF = Csrf(Keyring(b"c" * 32), (OURS, "http://127.0.0.1:3939"))
SITES = {None: None, "same-origin": True, "same-site": False, "cross-site": False, "none": False, "": False, "x": False}
ORIGINS = {
    None: None, OURS: True, "http://127.0.0.1:3939": True, "null": False, "": False, "http://evil.example": False,
    "https://localhost:3939": False, "http://localhost:3940": False, "http://localhost": False,
    "http://localhost:3939.evil.example": False, "http://LOCALHOST:3939": False, OURS + "/": False,
}  # fmt: skip


def headers(site: str | None, origin: str | None) -> dict[str, str]:
    sent = {"sec_fetch_site": site, "origin": origin}
    return {name: value for name, value in sent.items() if value is not None}


@pytest.mark.parametrize(("site", "origin"), list(itertools.product(SITES, ORIGINS)))
def test_every_pair_of_site_and_origin(site: str | None, origin: str | None):
    request = asking("POST", **headers(site, origin))
    said = [SITES[site], ORIGINS[origin]]
    expected = False not in said and True in said
    assert CSRF.same_origin(request) is expected
    good = CSRF.token("session:s")
    if expected:
        CSRF.check(request, "session:s", good)
    else:
        with pytest.raises(ApiError) as caught:
            CSRF.check(request, "session:s", good)
        assert (caught.value.status, caught.value.code) == (403, 92)


@pytest.mark.parametrize("token", [None, "", "x", "ü", CSRF.token("session:other"), CSRF.token("session:s")[:-1]])
def test_the_token_must_be_the_sessions_own(token: str | None):
    with pytest.raises(ApiError):
        CSRF.check(asking("POST", **headers("same-origin", OURS)), "session:s", token)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(("caller", "needs"), [(PERSON, True), (BY_KEY, False), (ANONYMOUS, False)])
def test_only_unsafe_requests_with_a_cookie_are_examined(method: str, caller: Caller, needs: bool):
    bare = asking(method, caller=caller)
    if needs:
        with pytest.raises(ApiError):
            CSRF.check_api(bare, caller)
    else:
        CSRF.check_api(bare, caller)
    shown = {"x_tabard_csrf": CSRF.token(caller.credential), **headers("same-origin", OURS)}
    CSRF.check_api(asking(method, caller=caller, **shown), caller)
    CSRF.check_api(asking("GET", caller=PERSON), PERSON)
    CSRF.check_api(asking("HEAD", caller=PERSON), PERSON)
