"""Addresses of tools: which may be registered, and what counts as the same one."""

import pytest

from server.clients.redirects import allowed, host, on_this_computer, registrable

GOOD = [
    "http://127.0.0.1/callback",
    "http://127.0.0.1",
    "http://127.0.0.1:53211/callback?a=b",
    "http://localhost:8080/",
    "https://tools.example.org/back",
    "https://tools.example.org:8443/back?x=1",
    "https://localhost/back",
]
BAD = [
    "", "http://127.0.0.1/cb#x", "http://127.0.0.1#@evil.example", "http://user@127.0.0.1/cb", "http://127.0.0.1@evil.example/cb",
    "http://127.0.0.1:80@evil.example/", "http://localhost.evil.example/cb", "http://127.0.0.1.evil.example/cb",
    "http://[::1]/cb", "http://[::ffff:127.0.0.1]/cb", "http://2130706433/cb", "http://0x7f.1/cb", "http://127.1/cb",
    "http://0.0.0.0/cb", "http://LOCALHOST/cb", "HTTP://127.0.0.1/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:65536/cb",
    "http://127.0.0.1:/cb", "http://127.0.0.1:80:90/cb", "http://127.0.0.1\\@evil.example/cb", "http://127.0.0.1/cb\n",
    " http://127.0.0.1/cb", "http://127.0.0.1/c b", "http://127.0.0.1/\u202e", "http://localhost\u3002/cb",
    "//127.0.0.1/cb",
    "http://example.org/cb", "https://user:pw@example.org/cb", "https://example.org/cb#x", "https://example.org\\.evil/cb",
    "https://", "https:///cb", "https://exa mple.org/", "https://1.2.3.4/cb", "https://[::1]/cb", "https://EXAMPLE.org/cb",
    "https://-a.example/cb", "https://example..org/cb", "https://example.org./cb", "https://example.org:99999/",
    "javascript:alert(1)", "data:text/html,x", "vscode://posit/cb", "file:///etc/passwd", "com.example.app:/cb",
    "http://127.0.0.1/" + "a" * 1100,
]  # fmt: skip


@pytest.mark.parametrize("uri", GOOD)
def test_what_may_be_registered(uri: str):
    assert registrable(uri)
    assert allowed(uri, [uri])


@pytest.mark.parametrize("uri", [*BAD, None, 7, ["http://127.0.0.1/"]])
def test_what_may_not(uri: object):
    assert not registrable(uri)
    if isinstance(uri, str):
        assert not allowed(uri, [uri, "http://127.0.0.1/cb", "https://example.org/cb"])


@pytest.mark.parametrize(
    ("uri", "same"),
    [
        ("http://127.0.0.1:1/cb", True),
        ("http://127.0.0.1:65535/cb", True),
        ("http://localhost:1/cb", False),
        ("https://127.0.0.1:1/cb", False),
        ("http://127.0.0.1:1/cb/", False),
        ("http://127.0.0.1:1/CB", False),
        ("http://127.0.0.1:1/cb/../other", False),
        ("http://127.0.0.1:1/c%62", False),
        ("http://127.0.0.1:1/cb?next=evil", False),
        ("http://127.0.0.1:1/", False),
        ("http://127.0.0.1:1", False),
    ],
)
def test_on_loopback_only_the_port_is_free(uri: str, same: bool):
    assert allowed(uri, ["http://127.0.0.1/cb"]) is same


@pytest.mark.parametrize(
    "uri",
    ["https://example.org/cb/", "https://example.org:444/cb", "https://example.org/cb?a", "https://a.example.org/cb"],
)
def test_elsewhere_an_address_is_exact(uri: str):
    assert not allowed(uri, ["https://example.org/cb"])


def test_what_people_read():
    assert host("http://127.0.0.1:53211/callback?x") == "127.0.0.1:53211"
    assert host("https://example.org?x=/") == "example.org"
    assert on_this_computer("http://localhost:1/")
    assert not on_this_computer("https://localhost/")
