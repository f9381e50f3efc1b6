import pytest

from integrations import catalog
from integrations.checks import Asked, check, origin
from integrations.entries import TextField

ASKED = Asked(catalog.load().get("custom").data, {}, "Viewer", allow_local=False)


def problem(kind, value, **entry):
    return check(TextField(name="x", label="X", order=1, check=kind, **entry), value, ASKED)


@pytest.mark.parametrize("value", ["1", "600", "31622400"])
def test_seconds(value):
    assert problem("seconds", value) is None


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "ten", "31622401", "9" * 50, "١"])
def test_what_is_no_number_of_seconds(value):
    assert "number of seconds" in problem("seconds", value)


def test_hosts_of_a_list():
    assert problem("hosts", "a.example.com, b.example.com") is None
    assert "host names" in problem("hosts", "a.example.com/path")


@pytest.mark.parametrize(
    ("value", "good"), [("git.acme.example", True), ("git.acme.example:8443", True), ("git", False)]
)
def test_a_host_of_ones_own_may_be_anywhere(value, good):
    assert (problem("host", value) is None) is good


def test_a_vendors_host_is_in_its_domains():
    suffixes = {"host_suffixes": ["vendor.com"]}
    assert problem("host", "acme.vendor.com", **suffixes) is None
    assert "vendor.com" in problem("host", "acme.evil.test", **suffixes)


def test_plain_texts_are_not_checked():
    assert problem("text", "anything at all") is None


def test_an_origin_is_complete():
    assert origin("ACME.example.com/") == "https://acme.example.com"
