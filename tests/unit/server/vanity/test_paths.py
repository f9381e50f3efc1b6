"""Which paths content may have: one spelling of each, and never one of the server's own."""

import pytest

from server.vanity.paths import LONGEST, PATH, PROHIBITED, RESERVED, ancestors, first_name, is_reserved, normal
from server.web.errors import ApiError


@pytest.mark.parametrize("sent", ["my-app", "/my-app", "my-app/", "/my-app/", "//my-app//"])
def test_one_slash_at_each_end(sent: str):
    assert normal(sent) == "/my-app/"


def test_paths_may_have_several_names_and_keep_their_case():
    assert normal("Finance/Budget_2026/a-b") == "/Finance/Budget_2026/a-b/"
    assert ancestors("/a/b/c/") == ["/a/", "/a/b/"]
    assert ancestors("/a/") == []
    assert first_name("/A/b/") == "a"


@pytest.mark.parametrize(
    "sent",
    [
        "", "/", "//", "a//b", "a b", "ü", "a.b", "a?b", "a%2Fb", "../x", "a\n/b", "__api__", "/__x/", "__x/y", "\0",
        "x" * (LONGEST + 1), " x", "x\n", "connect", "/Connect/", "apps/x", "CONTENT", "favicon.ico", "static/x",
        *sorted(RESERVED),
    ],
)  # fmt: skip
def test_what_no_content_may_have(sent: str):
    with pytest.raises(ApiError) as caught:
        normal(sent)
    assert (caught.value.status, caught.value.code) == (400, PROHIBITED)


def test_what_the_server_serves_is_its_own():
    assert normal("keys", ()) == "/keys/"
    with pytest.raises(ApiError):
        normal("Keys/x", {"keys"})
    assert is_reserved("/keys", {"keys"})
    assert is_reserved("/", ())
    assert not is_reserved("/keysmith", {"keys"})
    assert PATH.fullmatch("/keysmith/")
