"""User names and addresses (security.md S-16)."""

import pytest

from server.accounts.names import checked_email, checked_username, username_key
from server.web.errors import ApiError


@pytest.mark.parametrize(
    "name",
    ["ann", "a", "Ann.Smith-2_x+y", "ann@example.org", "zoë", "名前", "x" * 64, "o.b", "1234"],
)
def test_good_names(name: str):
    assert checked_username(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "a b", " a", "a ", "a\tb", "a\nb", "a\0", "a/b", "a\\b", "<b>", "a'b", 'a"b', "a;b", "a:b", "a,b",
        "a?b", "a#b", "a%b", "a&b", "a|b", "a`b", "a@b@c", "@", "a@", "@b", "admin\u200b", "ad\u202emin", "\u2066x",
        "\ufeffx", "a\x7f", "a\x85b", "a\u2028b", "\ud800", "\ue000", "x" * 65, "x" * 1_000_000,
    ],
)  # fmt: skip
def test_bad_names(name: str):
    with pytest.raises(ApiError) as caught:
        checked_username(name)
    assert (caught.value.status, caught.value.code) == (400, 7)
    assert len(caught.value.message) < 200


def test_names_that_look_alike_are_the_same():
    assert len({username_key(n) for n in ("Admin", "admin", "ADMIN", "ａdmin", "Ａｄｍｉｎ")}) == 1
    assert username_key("straße") == username_key("STRASSE")
    assert username_key("ann") != username_key("anna")


@pytest.mark.parametrize("address", ["", "a@b", "ann.smith+x@example.org"])
def test_good_addresses(address: str):
    assert checked_email(address) == address


@pytest.mark.parametrize("address", ["x", "@", "a@", "@b", "a b@c", "a@b@c", "a@b\n", "<a@b>", "a" * 250 + "@b.cd"])
def test_bad_addresses(address: str):
    with pytest.raises(ApiError):
        checked_email(address)
