"""Which request heads are refused at the door."""

import json

import pytest

from server.proxy.admission import Refused, refused_request, refused_target

BAD_TARGETS = [
    b"",
    b"*",
    b"http://evil/a",
    b"evil:80",
    b"//evil/a",
    b"/content/A#/x",
    b"/content/A?x#/y",
    b"/content/../admin",
    b"/content/..",
    b"/..",
    b"/.",
    b"/a/./b",
    b"/content/A/..%2f..%2f__api__",
    b"/content/A/%2e%2e/x",
    b"/content/A/%2E./x",
    b"/content/A/.%2e/x",
    b"/content/A/%2e%2e%2fx",
    b"/content/A/..%5cx",
    b"/content/A/..\\x",
    b"/content/A\\x",
    b"/content/A/%5c",
    b"/content/A/%252e%252e/x",
    b"/content/A/%252e%252e%252fx",
    b"/content/A/..%252fx",
    b"/content/A/%255c",
    b"/content/A%00",
    b"/content/A%2500",
    b"/content/A\x00",
    b"/content/A\x1f",
    b"/content/A\x7f",
    b"/content/A%7f",
    b"/content/A%0d%0aX:1",
    b"/content/A%250a",
    b"/content/A b",
    b"/content/A/;/../B",
    b"/content/A/..;/B",
    b"/content/A/..;x=1/B",
    b"/content/A/%2e%2e;/B",
    b"/content/A/..%3b/B",
    b"/content/A/%c0%ae%c0%ae/B",
    b"/content/\xc3\xa9",
    b"/x?a\x00",
    b"/x?a b",
    b"/x?\xc3\xa9",
]
GOOD_TARGETS = [
    b"/",
    b"/?",
    b"/content/A/x%2Fy?z=%2e",
    b"/content/A/x?next=../../y&u=http://evil//&b=\\",
    b"/content/A/;v=1/x;y=2",
    b"/content/A/.well-known/x",
    b"/content/A/..x/...",
    b"/content/A/a..b",
    b"/content/A//double",
    b"/content/A/100%25",
    b"/content/A/%zz%",
    b"/content/A/caf%C3%A9%20x",
    b"/content/A/x%252Fy",
    b"/content/A/~user/a:b@c,d+e=f|g",
]


@pytest.mark.parametrize("target", BAD_TARGETS)
def test_a_doubtful_target_is_refused(target):
    refused = refused_target(target)
    assert refused is not None
    assert refused.status == 400


@pytest.mark.parametrize("target", GOOD_TARGETS)
def test_a_legitimate_target_passes(target):
    assert refused_target(target) is None


def test_a_target_may_have_8_kb():
    assert refused_target(b"/" + b"a" * 8191) is None
    assert refused_target(b"/" + b"a" * 8192).status == 414


def status(*headers, method="GET", version="1.1", hosts=None, host=b"localhost:3939"):
    fields = [(b"host", host), *headers] if host is not None else list(headers)
    refused = refused_request(method, version, b"/x", fields, hosts)
    return refused.status if refused else None


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_that_make_tunnels_or_mirrors_are_refused(method):
    assert status(method=method) == 405


def test_one_host_is_needed():
    assert status() is None
    assert status((b"host", b"localhost:3939")) == 400
    assert status(host=None) == 400
    assert status(host=None, version="1.0") is None
    assert status(host=None, version="1.0", hosts=frozenset({"a"})) == 400


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"localhost/admin?x=",
        b"a b",
        b"user@localhost",
        b"localhost.",
        b"localhost:",
        b"localhost:x",
        b"a,b",
        b"[::1",
        b"\xe4",
        b"a..b/",
    ],
)
def test_a_malformed_host_is_refused(host):
    assert status(host=host) == 400


@pytest.mark.parametrize(
    "host", [b"localhost", b"LocalHost:3939", b"127.0.0.1:80", b"[::1]:80", b"a-b.example.com", b"my_app"]
)
def test_a_well_formed_host_passes(host):
    assert status(host=host) is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"Localhost:3939", None),
        (b"localhost", 421),
        (b"localhost:80", 421),
        (b"evil", 421),
        (b"a.apps.example:3939", None),
        (b"a.b.apps.example:3939", 421),
        (b"apps.example:3939", 421),
        (b"evilapps.example:3939", 421),
    ],
)
def test_only_hosts_on_the_list_are_served(host, expected):
    assert status(host=host, hosts=frozenset({"localhost:3939", "*.apps.example:3939"})) == expected


@pytest.mark.parametrize(
    ("codings", "version", "expected"),
    [
        ([b"chunked"], "1.1", None),
        ([b"Chunked"], "1.1", None),
        ([b"identity, chunked"], "1.1", 400),
        ([b"chunked, chunked"], "1.1", 400),
        ([b"gzip"], "1.1", 400),
        ([b""], "1.1", 400),
        ([b"chunked", b"chunked"], "1.1", 400),
        ([b"chunked"], "1.0", 400),
    ],
)
def test_only_chunked_and_only_in_http_1_1(codings, version, expected):
    assert status(*((b"transfer-encoding", coding) for coding in codings), version=version) == expected


def test_other_versions_are_refused():
    assert status(version="2.0") == 400
    assert status(version="0.9") == 400


@pytest.mark.parametrize(
    ("headers", "method", "expected"),
    [
        ([(b"upgrade", b"websocket"), (b"connection", b"Upgrade")], "GET", None),
        ([(b"upgrade", b"WebSocket"), (b"connection", b"keep-alive, upgrade")], "GET", None),
        ([(b"upgrade", b"websocket"), (b"connection", b"x"), (b"connection", b"upgrade")], "POST", 400),
        ([(b"upgrade", b"websocket"), (b"connection", b"upgrade"), (b"content-length", b"5")], "GET", 400),
        ([(b"upgrade", b"websocket"), (b"connection", b"upgrade"), (b"content-length", b"0")], "GET", None),
        ([(b"upgrade", b"websocket"), (b"connection", b"upgrade"), (b"transfer-encoding", b"chunked")], "GET", 400),
        ([(b"upgrade", b"websocket")], "POST", None),
        ([(b"upgrade", b"h2c"), (b"connection", b"Upgrade, HTTP2-Settings")], "GET", 400),
        ([(b"upgrade", b"h2c")], "GET", 400),
        ([(b"upgrade", b"websocket, h2c"), (b"connection", b"upgrade")], "GET", 400),
        ([(b"upgrade", b"websocket"), (b"upgrade", b"h2c"), (b"connection", b"upgrade")], "GET", 400),
        ([(b"upgrade", b"websocket "), (b"connection", b"upgrade")], "GET", 400),
    ],
)
def test_only_a_websocket_may_take_the_connection_over(headers, method, expected):
    assert status(*headers, method=method) == expected


def test_an_upgrade_in_http_1_0_is_refused():
    assert status((b"upgrade", b"websocket"), (b"connection", b"upgrade"), version="1.0") == 400


def test_a_refusal_of_an_api_call_has_the_shape_of_all_errors():
    kind, body = Refused(400, "No.").written(api=True)
    assert (kind, json.loads(body)) == (b"application/json", {"code": 2, "error": "No.", "payload": None})
    assert Refused(400, "No.").written(api=False) == (b"text/plain; charset=utf-8", b"No.\n")
