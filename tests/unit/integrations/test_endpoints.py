import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.endpoints import check_address, check_endpoint, host_problem

GOOD = [
    "https://idp.example.com/token",
    "https://idp.example.com:8443/realms/a/protocol/openid-connect/auth?audience=x&kc_idp_hint=y",
    "https://10.0.0.7/token",
    "https://[2606:4700::1111]/token",
    "https://my_host.example.com/token",
    "https://single/token",
]
BAD = [
    ("", "empty"),
    ("http://idp.example.com/token", "https"),
    ("http://localhost:80@evil/", "user name"),
    ("https://ok@evil.example.com/", "user name"),
    ("https://@evil.example.com/", "user name"),
    ("file:///etc/passwd", "https://"),
    ("javascript:alert(1)", "https://"),
    ("ftp://idp.example.com/", "https://"),
    ("//idp.example.com/token", "https://"),
    ("idp.example.com/token", "https://"),
    ("https:///token", "https://"),
    ("https://idp.example.com/#x", "fragment"),
    ("https://idp.example.com/#", "fragment"),
    ("https://idp.example.com/a b", "characters"),
    ("https://idp.example.com/\n", "characters"),
    ("https://idp.example.com\\@evil", "characters"),
    ("https://idp.exämple.com/", "characters"),
    ("https://idp.example.com:99999/", "complete"),
    ("https://[::1/", "complete"),
    ("https://..", "plain letters"),
    ("https://-a.example.com/", "plain letters"),
    ("https://2130706433/", "IP address"),
    ("https://0x7f.1/", "IP address"),
    ("https://127.1/", "IP address"),
    ("https://idp.example.com/" + "a" * 2048, "2048"),
    ("https://idp/authorize?redirect_uri=https://evil&state=x", "redirect_uri, state"),
    ("https://idp/authorize?REDIRECT_URI=x", "redirect_uri"),
]
LOCAL = ["http://localhost:3940/token", "http://127.0.0.1/token", "https://[::1]:1/token", "http://a.localhost/"]
NEVER = [
    "https://169.254.169.254/latest",
    "https://[::ffff:169.254.169.254]/",
    "https://[fe80::1]/",
    "https://0.0.0.0/",
    "https://[::]/",
]


@pytest.mark.parametrize("url", GOOD)
def test_good_endpoints(url):
    assert check_endpoint(url, allow_local=False) is None
    assert check_endpoint(url, allow_local=True) is None


@pytest.mark.parametrize(("url", "hint"), BAD, ids=[url[:40] for url, _ in BAD])
def test_bad_endpoints_say_what_to_mend(url, hint):
    for allow_local in (True, False):
        problem = check_endpoint(url, allow_local=allow_local)
        assert problem is not None
        assert problem.startswith("must ")
        assert hint in problem


@pytest.mark.parametrize("url", LOCAL)
def test_this_machine_only_with_the_switch(url):
    assert "TABARD_OAUTH_ALLOW_LOCAL_PROVIDERS" in str(check_endpoint(url, allow_local=False))
    assert check_endpoint(url, allow_local=True) is None


@pytest.mark.parametrize("url", NEVER)
def test_link_local_and_unspecified_never(url):
    assert check_endpoint(url, allow_local=False)
    assert check_endpoint(url, allow_local=True)


def test_plain_http_to_a_compose_service_only_with_the_switch():
    assert check_endpoint("http://provider:9000/token", allow_local=True) is None
    assert check_endpoint("http://provider:9000/token", allow_local=False)


@given(st.text(max_size=80), st.booleans())
def test_any_text_gets_an_answer(text, allow_local):
    check_endpoint(text, allow_local=allow_local)
    check_endpoint("https://" + text, allow_local=allow_local)
    host_problem(text)


def test_what_is_only_fetched_may_have_any_query():
    url = "https://files.example.com/x?token=a&code=b"
    assert check_endpoint(url, allow_local=False)
    assert check_address(url, allow_local=False) is None
    assert check_address("https://127.0.0.1/x", allow_local=False)
