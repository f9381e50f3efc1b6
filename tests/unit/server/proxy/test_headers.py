"""Header rules in both directions: what a client may claim, and what an app may say."""

import pytest

from server.proxy.headers import HeaderPolicy, public_name

POLICY = HeaderPolicy(frozenset({b"tabard_session", b"__Host-tabard_login"}))
PUBLIC = public_name("https://apps.example.com:8443", "/content/abc")


def request(*headers, inject=(), client=("10.0.0.9", 5)):
    return POLICY.request(headers, public=PUBLIC, client=client, inject=inject)


def values(headers, name):
    return [value for key, value in headers if key.lower() == name]


def response(*headers, status=200, public=PUBLIC):
    return POLICY.response(headers, status=status, public=public, internal=("127.0.0.1", 20007))


IDENTITY = [
    b"posit-connect-user-session-token",
    b"posit_connect_user_session_token",
    b"rstudio-connect-credentials",
    b"rstudio_connect_credentials",
    b"shiny-server-credentials",
    b"shiny_server_credentials",
    b"x-app-user",
    b"x_app_user",
    b"x-forwarded-for",
    b"x_forwarded_for",
    b"x-forwarded-user",
    b"x-forwarded-email",
    b"x-forwarded-groups",
    b"x-forwarded-access-token",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-forwarded-uri",
    b"x-forwarded-prefix",
    b"forwarded",
    b"x-real-ip",
    b"proxy",
    b"script-name",
    b"x-script-name",
    b"remote-groups",
    b"x-webauth-user",
    b"x-authenticated-user",
    b"x-ms-client-principal-name",
    b"x-goog-authenticated-user-email",
    b"x-appengine-user-email",
    b"x-amzn-oidc-identity",
    b"cf-access-authenticated-user-email",
    b"x-cluster-client-ip",
    b"x-scheme",
    b"x-streamlit-user",
    b"x-original-url",
    b"x_original_url",
    b"x-posit-user",
    b"x-rewrite-url",
    b"x-rsc-request",
    b"x-rstudio-request",
    b"x-http-method-override",
    b"x-auth-request-email",
    b"x-auth-token",
    b"remote-user",
    b"remote_user",
    b"proxy-authorization",
    b"proxy-connection",
    b"bokeh-session-id",
    b"x-user",
    b"x_user",
]


@pytest.mark.parametrize("name", IDENTITY)
def test_a_client_copy_of_an_identity_field_never_passes(name):
    sent = request((b"host", b"h"), (name, b"forged"), (name, b"forged again"))
    assert not any(b"forged" in value for _, value in sent)


@pytest.mark.parametrize("spelling", [b"posit-connect-user-session-token", b"x-tenant", b"x_tenant"])
def test_an_injected_name_appears_once_with_our_value(spelling):
    inject = ((b"Posit-Connect-User-Session-Token", b"handle"), (b"X-Tenant", b"ours"))
    sent = request((b"host", b"h"), (spelling, b"forged"), inject=inject)
    assert values(sent, b"posit-connect-user-session-token") == [b"handle"]
    assert values(sent, b"x-tenant") == [b"ours"]
    assert not any(value == b"forged" for _, value in sent)


def test_nominated_fields_go_before_ours_are_added():
    inject = ((b"X-App-User", b"alice"),)
    sent = request(
        (b"host", b"h"),
        (b"connection", b"close, X-App-User, X-Forwarded-For, Cookie, x-private"),
        (b"connection", b"X-Second"),
        (b"x-private", b"1"),
        (b"x-second", b"1"),
        (b"cookie", b"a=1"),
        (b"x-kept", b"1"),
        inject=inject,
    )
    names = [name.lower() for name, _ in sent]
    assert values(sent, b"x-app-user") == [b"alice"]
    assert values(sent, b"x-forwarded-for") == [b"10.0.0.9"]
    assert b"x-kept" in names
    assert not {b"connection", b"x-private", b"x-second", b"cookie"} & set(names)


def test_nominating_host_or_framing_changes_nothing():
    sent = request((b"host", b"h"), (b"connection", b"host, content-length"), (b"content-length", b"5"))
    assert values(sent, b"host") == [b"h"]
    assert values(sent, b"content-length") == [b"5"]


def test_hop_by_hop_fields_stay_on_this_hop():
    dropped = (b"keep-alive", b"te", b"trailer", b"upgrade", b"http2-settings", b"expect", b"connection")
    sent = request((b"host", b"h"), *((name, b"x") for name in dropped))
    assert not {name.lower() for name, _ in sent} & set(dropped)


@pytest.mark.parametrize("name", [b"content_length", b"transfer_encoding", b"content_type", b"sec_fetch_site"])
def test_underscored_copies_of_fields_that_matter_are_dropped(name):
    assert name not in [key for key, _ in request((b"host", b"h"), (name, b"1"))]


def test_an_apps_own_underscored_field_passes():
    assert (b"api_version", b"2") in request((b"host", b"h"), (b"api_version", b"2"))


def test_host_is_kept_and_the_public_name_is_forwarded():
    sent = request((b"host", b"Apps.Example.com:8443"))
    assert sent[0] == (b"Host", b"Apps.Example.com:8443")
    assert values(sent, b"x-forwarded-for") == [b"10.0.0.9"]
    assert values(sent, b"x-forwarded-proto") == [b"https"]
    assert values(sent, b"x-forwarded-host") == [b"apps.example.com:8443"]
    assert values(sent, b"x-forwarded-prefix") == [b"/content/abc"]


def test_without_host_or_client_the_public_name_stands_in():
    sent = POLICY.request([], public=public_name("http://localhost", ""), client=None, inject=())
    assert sent == [(b"Host", b"localhost"), (b"X-Forwarded-Proto", b"http"), (b"X-Forwarded-Host", b"localhost")]


@pytest.mark.parametrize(
    ("value", "passes"),
    [
        (b"Key abc", False),
        (b"key abc", False),
        (b"Bearer abc", False),
        (b"\tBEARER  abc", False),
        (b"Connect-Bootstrap abc", False),
        (b'Snowflake Token="abc"', False),
        (b"abc", False),
        (b"", False),
        (b"Basic dTpw", True),
        (b"basic dTpw", True),
        (b"Digest username=u", True),
    ],
)
def test_only_credentials_for_the_app_itself_pass(value, passes):
    sent = request((b"host", b"h"), (b"authorization", value))
    assert values(sent, b"authorization") == ([value] if passes else [])


def test_fields_of_the_app_pass_in_order_and_byte_for_byte():
    kept = [(b"accept", b"a, b"), (b"x-a", b"\xff\t "), (b"sec-websocket-protocol", b"streamlit, x, y"), (b"x-a", b"2")]
    assert request((b"host", b"h"), *kept)[1:5] == kept


def test_two_cookie_fields_become_one_without_ours():
    sent = request(
        (b"host", b"h"), (b"cookie", b'a=1; tabard_session=S; b="x y"'), (b"cookie", b"tabard_session=T; c=3")
    )
    assert values(sent, b"cookie") == [b'a=1; b="x y"; c=3']


def test_only_our_cookies_leaves_no_cookie_field():
    assert values(request((b"host", b"h"), (b"cookie", b"tabard_session=S")), b"cookie") == []


# Answers.


@pytest.mark.parametrize(
    "name",
    [
        b"clear-site-data",
        b"strict-transport-security",
        b"service-worker-allowed",
        b"alt-svc",
        b"public-key-pins",
        b"nel",
        b"report-to",
        b"set-login",
        b"access-control-allow-credentials",
        b"server",
        b"date",
        b"connection",
        b"keep-alive",
        b"transfer-encoding",
        b"upgrade",
        b"trailer",
        b"x-accel-redirect",
    ],
)
def test_what_an_app_may_not_say_is_dropped(name):
    assert response((name, b"v"), (b"x-kept", b"1")) == [(b"x-kept", b"1")]


def test_fields_an_answer_nominates_are_dropped():
    assert response((b"connection", b"x-hop"), (b"x-hop", b"1"), (b"etag", b"e")) == [(b"etag", b"e")]


def test_content_length_stays_unless_another_framing_or_no_body():
    assert response((b"content-length", b"3")) == [(b"content-length", b"3")]
    assert response((b"content-length", b"3"), status=304) == []
    assert response((b"content-length", b"3"), status=204) == []
    assert response((b"content-length", b"3"), (b"transfer-encoding", b"chunked")) == []


def test_control_bytes_in_an_answer_are_an_error():
    with pytest.raises(ValueError, match="control"):
        response((b"x", b"a\x01b"))


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        (b"http://127.0.0.1:20007/x?y=1#z", b"https://apps.example.com:8443/content/abc/x?y=1#z"),
        (b"http://localhost:20007/content/abc/x", b"https://apps.example.com:8443/content/abc/x"),
        (b"http://127.0.0.1:20007/content/abc", b"https://apps.example.com:8443/content/abc"),
        (b"http://127.0.0.1:20007/content/abcdef", b"https://apps.example.com:8443/content/abc/content/abcdef"),
        (b"http://[::1]:20007", b"https://apps.example.com:8443/content/abc/"),
        (b"http://127.0.0.1:20007?a=b", b"https://apps.example.com:8443/content/abc/?a=b"),
        (b"//127.0.0.1:20007/x", b"https://apps.example.com:8443/content/abc/x"),
        (b"http://apps.example.com:8443/content/abc/x", b"https://apps.example.com:8443/content/abc/x"),
        (b"http://127.0.0.1:9/x", b"http://127.0.0.1:9/x"),
        (b"https://elsewhere.example/x", b"https://elsewhere.example/x"),
        (b"/content/abc/x", b"/content/abc/x"),
        (b"../x?next=http://127.0.0.1:20007/", b"../x?next=http://127.0.0.1:20007/"),
        (b"http://[bad", b"http://[bad"),
        (b"http://127.0.0.1:99999999/x", b"http://127.0.0.1:99999999/x"),
    ],
)
def test_a_location_names_the_public_address(location, seen):
    assert response((b"location", location)) == [(b"location", seen)]


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        (b"/login?next=/", b"/content/abc/login?next=/"),
        (b"/", b"/content/abc/"),
        (b"/?a=1", b"/content/abc/?a=1"),
        (b"/content/abc/x", b"/content/abc/x"),
        (b"/content/abc?x", b"/content/abc?x"),
        (b"/content/abc#x", b"/content/abc#x"),
        (b"/content/abcd", b"/content/abc/content/abcd"),
        (b"http://127.0.0.1:20007/x", b"https://apps.example.com:8443/content/abc/x"),
        (b"https://apps.example.com:8443/elsewhere", b"https://apps.example.com:8443/elsewhere"),
        (b"//elsewhere.example/x", b"//elsewhere.example/x"),
        (b"x/y", b"x/y"),
        (b"?a=1", b"?a=1"),
    ],
)
def test_an_app_that_does_not_know_its_base_path_redirects_within_it(location, seen):
    public = public_name("https://apps.example.com:8443", "/content/abc", stripped=True)
    assert response((b"location", location), public=public) == [(b"location", seen)]
    assert response((b"set-cookie", b"a=1; Path=/in"), public=public) == [(b"set-cookie", b"a=1; Path=/content/abc/in")]


def test_a_path_of_an_app_that_knows_its_base_path_stays():
    assert response((b"location", b"/elsewhere")) == [(b"location", b"/elsewhere")]


def test_a_refresh_names_the_public_address():
    assert response((b"refresh", b"5; url=http://127.0.0.1:20007/x")) == [
        (b"refresh", b"5; url=https://apps.example.com:8443/content/abc/x")
    ]


def test_a_location_on_an_own_host_gets_no_prefix():
    public = public_name("https://a.example", "")
    assert response((b"location", b"http://127.0.0.1:20007/x"), public=public) == [
        (b"location", b"https://a.example/x")
    ]


def test_set_cookies_are_confined_or_dropped():
    assert response((b"set-cookie", b"x=1; Path=/; Domain=localhost"), (b"set-cookie", b"tabard_session=x")) == [
        (b"set-cookie", b"x=1; Path=/content/abc")
    ]


def test_many_strange_names_are_not_all_remembered():
    policy = HeaderPolicy(frozenset())
    for number in range(5000):
        policy.request([(b"x-%d" % number, b"")], public=PUBLIC, client=None, inject=())
    assert len(policy._kinds) <= 2048
