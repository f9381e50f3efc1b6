"""Who a caller is: roles include the lower ones, and nobody has none."""

import pytest

from server.web.caller import ANONYMOUS, RANK, Caller


@pytest.mark.parametrize(
    ("role", "has"),
    [
        ("viewer", {"viewer"}), ("publisher", {"viewer", "publisher"}),
        ("administrator", {"viewer", "publisher", "administrator"}), ("", set()), ("root", set()),
    ],
)  # fmt: skip
def test_roles_include_the_lower_ones(role: str, has: set[str]):
    assert {wanted for wanted in RANK if Caller(user_id=1, role=role).has(wanted)} == has


def test_nobody_is_not_signed_in():
    assert not ANONYMOUS.signed_in
    assert not any(ANONYMOUS.has(role) for role in RANK)
    assert Caller(user_id=1).signed_in


def test_a_role_that_does_not_exist_is_a_mistake_and_not_a_yes():
    with pytest.raises(KeyError):
        Caller(user_id=1, role="administrator").has("root")
