"""Every requirement of the seed's table, met and not met, in words."""

import base64
import json

import pytest

from server.minting.inspection import Decoded, Expected, decode, findings, in_words, times

NOW = 1_576_705_600.0
GOOD = {
    "aud": "https://account.example.com",
    "iat": NOW - 100,
    "exp": NOW + 500,
    "iss": "https://here.example.com/issuer",
    "scp": ["session:role:ANALYST"],
    "upn": "alice",
}
EXPECTED = Expected(
    strict=True,
    issuer=GOOD["iss"],
    audiences=(GOOD["aud"], "https://other.example.com"),
    scope_claim="scp",
    user_claim="upn",
    role="ANALYST",
    kids=("k1",),
)
HEADER = {"alg": "RS256", "kid": "k1"}


def unmet(claims, expected=EXPECTED, header=HEADER):
    return {each.claim: each.says for each in findings(Decoded(header, claims), expected, NOW) if not each.met}


def test_a_good_token_meets_them_all():
    assert unmet(GOOD) == {}
    assert unmet({**GOOD, "aud": ["https://x", GOOD["aud"]], "nbf": NOW - 1}) == {}


@pytest.mark.parametrize(
    ("changes", "claim", "said"),
    [
        ({"scp": None}, "scp", "There is no scp and no scope, so the warehouse knows no role."),
        ({"scp": None, "scope": "session:role:ANALYST"}, "scp", "The scopes are in scope, but"),
        ({"scp": "session:role:ANALYST"}, "scp", "scp must be a list of scopes."),
        ({"scp": ["session:role:analyst"]}, "scp", "capitals and small letters count"),
        ({"scp": ["session:role:OTHER"]}, "scp", "The role ANALYST is not in scope: it holds session:role:OTHER."),
        ({"scp": []}, "scp", "There are no scopes in it."),
        ({"aud": None}, "aud", "There is no audience"),
        ({"aud": "a b"}, "aud", "There is no audience"),
        ({"aud": "https://wrong.example.com"}, "aud", "but https://account.example.com is wanted."),
        ({"aud": "https://ACCOUNT.example.com"}, "aud", "capitals and small letters count"),
        ({"aud": GOOD["aud"] + "/"}, "aud", "the slash at the end counts"),
        ({"exp": None}, "exp", "There is no expiration time."),
        ({"exp": "soon"}, "exp", "There is no expiration time."),
        ({"exp": NOW - 61}, "exp", "It expired 1 minute ago."),
        ({"iss": None}, "iss", "There is no issuer."),
        ({"iss": "https://HERE.example.com/issuer"}, "iss", "capitals and small letters count"),
        ({"iat": None}, "iat", "It does not say when it was issued, which is required."),
        ({"iat": NOW + 3600}, "iat", "It says that it was issued 1 hour from now: a clock is wrong."),
        ({"nbf": NOW + 90}, "nbf", "It does not count yet: it will 2 minutes from now."),
        ({"nbf": "x"}, "nbf", "cannot be read"),
        ({"upn": None}, "upn", "There is no upn"),
    ],
)
def test_each_requirement_that_is_not_met_is_named(changes, claim, said):
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    problems = unmet(claims)
    assert problems.keys() == {claim}
    assert said in problems[claim]


def test_a_text_of_scopes_is_split_at_the_delimiter():
    expected = Expected(strict=True, scope_claim="scope", scope_delimiter=" ", role="A")
    claims = {**GOOD, "scp": None, "scope": "session:role:A openid"}
    assert "scope" not in unmet(claims, expected)
    assert "is not in scope" in unmet({**claims, "scope": "session:role:A,openid"}, expected)["scope"]
    assert unmet({**claims, "scope": ["x"]}, expected)["scope"] == "scope must be one text with the scopes in it."


def test_any_role_counts_where_none_is_wanted():
    expected = Expected(strict=False)
    assert unmet({**GOOD, "scp": ["session:role-any"]}, expected, {"alg": "ES256"}) == {}
    assert "No scope of it names a role" in unmet({**GOOD, "scp": "read write"}, expected)["scp"]


def test_how_it_is_signed():
    assert unmet(GOOD, header={"alg": "HS256", "kid": "k1"}) == {"alg": "It is signed with HS256; RS256 is wanted."}
    assert unmet(GOOD, header={"alg": "RS256", "kid": "k2"}) == {"kid": "Its key is none of those that are published."}


def test_for_others_it_is_advice():
    assert {each.required for each in findings(Decoded(HEADER, GOOD), Expected(strict=False), NOW)} == {False}


def part(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    ["gho_abc", "a.b.c", "", f"{part([])}.{part({})}.x", f"{part({})}.{part({})}.x", "x" * 70000 + "..", "é.é.é"],
)
def test_what_is_no_jwt_is_opaque(token):
    assert decode(token) is None


def test_a_jwt_is_read_without_being_believed():
    assert decode(f"{part(HEADER)}.{part(GOOD)}.forged") == Decoded(HEADER, GOOD)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "now"), (1, "1 second from now"), (-90, "2 minutes ago"), (7200, "2 hours from now"), (-86400, "1 day ago")],
)
def test_times_in_words(seconds, words):
    assert in_words(seconds) == words


def test_only_times_are_in_words():
    assert times({"iat": NOW, "exp": "x", "nbf": True, "sub": 1}, NOW) == {"iat": "now"}
