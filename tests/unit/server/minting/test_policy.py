"""Which roles whom a mapping gives, and what of them may be minted."""

import dataclasses

import pytest

from server.minting.policy import Allowed, Entry, RoleRefused, allowed, chosen, role_problem
from server.minting.terms import terms_of

TERMS = terms_of({"audiences": "a"}, "i")
ANY_MODE = dataclasses.replace(TERMS, any_role_mode="ENABLE")
MAPPING = [
    Entry("group", "g1", ("ANALYST", "LOADER")),
    Entry("default", "", ("PUBLIC",)),
    Entry("group", "g2", ("LOADER", "MAKER")),
    Entry("user", "u1", ("ADMIN",), login="U_ONE"),
    Entry("user", "u2", None, login="U_TWO"),
    Entry("user", "u3", ()),
]


@pytest.mark.parametrize(
    ("user", "groups", "roles", "login"),
    [
        ("u9", [], ("PUBLIC",), ""),
        ("u9", ["g1"], ("ANALYST", "LOADER"), ""),
        ("u9", ["g2", "g1"], ("ANALYST", "LOADER", "MAKER"), ""),
        ("u1", ["g1"], ("ADMIN",), "U_ONE"),
        ("u2", ["g1"], ("ANALYST", "LOADER"), "U_TWO"),
        ("u2", [], ("PUBLIC",), "U_TWO"),
        ("u3", ["g1"], (), ""),
    ],
)
def test_the_most_specific_kind_of_entry_decides(user, groups, roles, login):
    assert allowed(MAPPING, user, groups) == Allowed(roles, login)


def test_without_an_entry_there_is_no_role():
    assert allowed([], "u", ["g"]) == Allowed(())


def test_the_first_role_is_the_default_and_others_may_be_chosen():
    given = Allowed(("A", "B"))
    assert chosen(given, "", TERMS, "W") == "A"
    assert chosen(given, "B", TERMS, "W") == "B"


@pytest.mark.parametrize(
    ("roles", "wanted", "said"),
    [
        ((), "", "No role at W is mapped to you."),
        (("A", "B"), "a", "You may not use the role a at W; what is mapped to you is: A, B."),
        (("*",), "", "Any role (*) needs the integration's any_role_mode"),
    ],
)
def test_a_refusal_is_a_sentence_for_the_viewer(roles, wanted, said):
    with pytest.raises(RoleRefused) as refused:
        chosen(Allowed(roles), wanted, TERMS, "W")
    assert str(refused.value).startswith(said)


def test_who_may_have_any_role_may_have_each():
    assert chosen(Allowed(("*",)), "", ANY_MODE, "W") == "*"
    assert chosen(Allowed(("*",)), "ANALYST", ANY_MODE, "W") == "ANALYST"


@pytest.mark.parametrize("role", ["", "a b", 'a"b', "a\\b", "ä", "x" * 256, "a\n"])
def test_a_role_must_fit_into_a_scope(role):
    assert role_problem(role, TERMS)
    assert not role_problem("ANALYST", TERMS)


def test_a_role_must_not_hold_what_separates_scopes():
    terms = dataclasses.replace(TERMS, scope_claim="scope", scope_delimiter="$")
    assert role_problem("A$B", terms)
    assert not role_problem("A$B", TERMS)
