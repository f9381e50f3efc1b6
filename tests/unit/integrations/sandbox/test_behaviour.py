"""Plain behaviour: paths filled, scopes of a refresh, and the JWTs that clients may ask for."""

import pytest
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidScopeError
from joserfc import jwt

from integrations.sandbox.behaviour import Behaviour, filled, refuse
from integrations.sandbox.settings import ClientSettings, SandboxSettings
from integrations.sandbox.state import new_state
from integrations.sandbox.tokens import Family
from integrations.sandbox.wire import WireRequest


@pytest.fixture
def plain(clock) -> Behaviour:
    return Behaviour(new_state(SandboxSettings(issuer="http://localhost:1"), clock))


def test_paths_are_filled():
    assert filled("/{a}/x/{b}", {"a": "1", "b": "2"}) == "/1/x/2"
    assert filled("/{a}", {}) == "/{a}"


def test_a_refresh_asks_for_no_more_than_was_granted(plain):
    token = plain.state.store.issue("t", "refresh_token", Family("c", "alice"), "a b", None)
    plain.check_refresh(WireRequest("POST", [("scope", "a")], {}), token)
    with pytest.raises(InvalidScopeError):
        plain.check_refresh(WireRequest("POST", [("scope", "a c")], {}), token)


def test_a_signed_access_token_says_who_and_which_scopes(plain, clock):
    client = ClientSettings("c", secret="s", redirect_uris=("http://localhost/",), audience="https://warehouse")
    user = plain.state.users.get("bob")
    claims = jwt.decode(plain.signed(client, user, "a b", extra=1), plain.state.key.private, ["RS256"]).claims
    assert (claims["sub"], claims["upn"], claims["aud"]) == ("bob", "bob@example.org", "https://warehouse")
    assert (claims["scp"], claims["extra"], claims["exp"] - claims["iat"]) == (["a", "b"], 1, 3600)


def test_a_token_taken_back_takes_its_family_along_if_it_can_refresh(plain):
    family = Family("c", "alice")
    plain.revoked(plain.state.store.issue("a", "access_token", family, "", None))
    assert not family.revoked
    plain.revoked(plain.state.store.issue("r", "refresh_token", family, "", None))
    assert family.revoked


def test_a_refusal_goes_back_to_the_client(plain):
    with pytest.raises(OAuth2Error) as caught:
        refuse("invalid_scope", "No.", "http://localhost/cb")
    assert (caught.value.error, caught.value.redirect_uri) == ("invalid_scope", "http://localhost/cb")
    assert plain.issuer({}) == "http://localhost:1"
