"""The claims of a minted token."""

import dataclasses

from server.minting.claims import lasting, role_scope, timed
from server.minting.terms import terms_of

TERMS = terms_of({"audiences": "https://a.example.com"}, "https://here/issuer")


def test_a_role_keeps_its_case_and_any_role_has_a_name_of_its_own():
    assert role_scope("Analyst") == "session:role:Analyst"
    assert role_scope("*") == "session:role-any"


def test_what_does_not_depend_on_the_moment():
    assert lasting(TERMS, subject="guid", login="alice", role="ANALYST") == {
        "iss": "https://here/issuer",
        "aud": "https://a.example.com",
        "sub": "guid",
        "upn": "alice",
        "scp": ["session:role:ANALYST"],
    }


def test_scopes_as_one_text_are_joined_by_the_chosen_character():
    terms = dataclasses.replace(TERMS, scope_claim="scope", scope_delimiter=";", extra_scopes=("openid", "x"))
    assert lasting(terms, subject="g", login="a", role="R")["scope"] == "session:role:R;openid;x"


def test_the_times_are_whole_seconds_and_nbf_is_optional():
    assert timed(TERMS, {}, moment=1576705500.9, token_id="t") == {"iat": 1576705500, "exp": 1576706100, "jti": "t"}
    terms = dataclasses.replace(TERMS, not_before=True)
    assert timed(terms, {}, moment=10.5, token_id="t")["nbf"] == 10
