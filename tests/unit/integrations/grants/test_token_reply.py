import base64
import json
import math
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.contract import Secret
from integrations.errors import ClientRejected, ConsentEnded, Malformed, Passing
from integrations.grants.token_reply import (
    LONGEST_LIFETIME,
    display_name,
    granted_scopes,
    lifetime,
    read_object,
    read_tokens,
    request_tokens,
    skew,
)
from integrations.http import Reply

JSON = {"content-type": "application/json"}


def ok(**members: object) -> Reply:
    return Reply(200, JSON, json.dumps({"access_token": "at", "token_type": "Bearer", **members}).encode())


def test_a_plain_answer(make_config):
    tokens = read_tokens(make_config(), ok(refresh_token="rt", expires_in=600, scope="read write"))
    assert (tokens.access_token.reveal(), tokens.refresh_token.reveal()) == ("at", "rt")
    assert (tokens.expires_in, tokens.scopes, tokens.account) == (600.0, ("read", "write"), None)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>secret internal page</html>",
        b"{}",
        b"[]",
        b'"access_token"',
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"access_token": ""}',
        b'{"access_token": null}',
        b'{"access_token": 123}',
        b'{"access_token": "a\\r\\nX-Evil: 1"}',
        b'{"access_token": "caf\xc3\xa9"}',
        b'{"access_token": "a", "token_type": "mac"}',
    ],
)
def test_a_success_without_a_usable_token_is_malformed(make_config, body):
    with pytest.raises(Malformed) as caught:
        read_tokens(make_config(), Reply(200, JSON, body))
    assert "internal" not in str(caught.value)


@pytest.mark.parametrize("kind", ["BEARER", "bearer", None, 7])
def test_the_token_type_is_read_kindly(make_config, kind):
    assert read_tokens(make_config(), ok(token_type=kind)).token_type == "Bearer"


@pytest.mark.parametrize("value", ["3600", 3600.5, "abc", -1, 1e15, None, [], {}, True, 10**400, "NaN", math.nan])
def test_an_odd_lifetime_never_costs_the_token(make_config, value):
    tokens = read_tokens(make_config(), ok(expires_in=value, refresh_token="new"))
    assert tokens.refresh_token.reveal() == "new"
    assert 0 < tokens.expires_in <= LONGEST_LIFETIME


@pytest.mark.parametrize("told", [{}, {"expires_in": "abc"}, {"expires_in": None}])
def test_a_token_that_can_be_renewed_ends_even_where_tokens_do_not(make_config, told):
    forever = make_config(default_lifetime=None)
    assert read_tokens(forever, ok(**told, refresh_token="new")).expires_in == 3600.0
    assert read_tokens(forever, ok(**told)).expires_in is None


def test_a_number_too_long_for_python_never_costs_the_token(make_config):
    body = b'{"access_token": "at", "refresh_token": "new", "expires_in": ' + b"9" * 6000 + b"}"
    assert read_tokens(make_config(), Reply(200, JSON, body)).expires_in == LONGEST_LIFETIME


@pytest.mark.parametrize("odd", ["", None, 5, [], "a\nb"])
def test_an_odd_refresh_token_counts_as_none(make_config, odd):
    assert read_tokens(make_config(), ok(refresh_token=odd)).refresh_token is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (60, 60.0),
        ("60", 60.0),
        (" 60.5 ", 60.5),
        (-1, 9.0),
        (0, 9.0),
        ("0", 9.0),
        (1e15, LONGEST_LIFETIME),
        (None, 9.0),
        ("", 9.0),
    ],
)
def test_lifetimes(value, seconds):
    assert lifetime(value, 9.0) == seconds


def test_no_lifetime_and_no_default_means_it_does_not_expire():
    assert lifetime(None, None) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@given(json_values)
def test_every_lifetime_is_the_default_or_within_bounds(value):
    seconds = lifetime(value, 9.0)
    assert seconds is not None
    assert 0 <= seconds <= LONGEST_LIFETIME


@given(st.dictionaries(st.sampled_from(["scope", "expires_in", "id_token", "username", "email", "sub"]), json_values))
def test_no_side_field_costs_the_token(members):
    from integrations.contract import ClientConfig

    config = ClientConfig(template="custom", auth_type="Viewer", token_uri="https://a.example/t", client_id="c")
    assert read_tokens(config, ok(**members)).access_token.reveal() == "at"


@pytest.mark.parametrize(
    ("value", "scopes"),
    [
        ("a b", ("a", "b")),
        ("repo,gist", ("repo", "gist")),
        (["a", "b", 3], ("a", "b")),
        ("", None),
        (None, None),
        ([], None),
        (7, None),
    ],
)
def test_granted_scopes(value, scopes):
    assert granted_scopes(value) == scopes


def test_forms_are_read_when_declared_or_expected():
    body = b"access_token=at&scope=repo%2Cgist&token_type=bearer"
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert read_object(Reply(200, form, body))["scope"] == "repo,gist"
    assert read_object(Reply(200, {"content-type": "text/plain"}, body), form=True)["access_token"] == "at"
    assert read_object(Reply(200, {"content-type": "text/plain"}, body)) is None
    assert read_object(Reply(200, form, b"a=b&" * 200)) is None
    assert read_object(Reply(200, JSON, b'{"a": 1}'), form=True) == {"a": 1}


def id_token(payload: bytes) -> str:
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.sig"


def test_an_account_is_named_by_the_id_token_or_the_answer(make_config):
    signed = id_token(b'{"sub": "1234", "email": "alice@example.com"}')
    assert read_tokens(make_config(), ok(id_token=signed)).account == "alice@example.com"
    assert read_tokens(make_config(), ok(username="ALICE")).account == "ALICE"
    for odd in ["x", "a.b.c", "a.!!!.c", id_token(b"[]"), id_token(b"\xff"), 5]:
        assert read_tokens(make_config(), ok(id_token=odd)).account is None


def test_display_names_are_cleaned():
    assert display_name({"email": " al\x00ice\n\u202e@x "}) == "alice@x"
    assert display_name({"email": "\n", "sub": "7"}) == "7"
    assert len(display_name({"name": "x" * 999})) == 200
    assert display_name({"sub": 7}) is None


def test_kept_extras_are_plain_https_addresses(make_config):
    config = make_config(kept_extras=("instance_url", "id"))
    kept = read_tokens(config, ok(instance_url="https://acme.my.salesforce.com", id="x", other="y"))
    assert kept.extras == {"instance_url": "https://acme.my.salesforce.com", "id": "x"}
    for odd in ["http://a.example", "https://u@a.example", "javascript:x", "https://[", "", 5, "https://a\n"]:
        assert read_tokens(config, ok(instance_url=odd)).extras == {}


async def test_extra_parameters_never_override_the_grant(provider, make_config):
    provider.says(200, json={"access_token": "at"})
    config = make_config(extra_token={"audience": "api", "grant_type": "password"})
    await request_tokens(provider.client, config, {"grant_type": "refresh_token"})
    assert provider.form == {"audience": ["api"], "grant_type": ["refresh_token"]}


def test_the_account_of_an_id_token_is_issuer_and_subject(make_config):
    tokens = read_tokens(make_config(), ok(id_token=id_token(b'{"iss": "https://idp.example.com", "sub": "00u1"}')))
    assert tokens.subject == "https://idp.example.com 00u1"
    assert tokens.id_token is not None
    assert "e30" not in repr(tokens)


@pytest.mark.parametrize(
    ("members", "subject"),
    [
        ({"username": "ALICE"}, "ALICE"),
        ({"username": 7}, "7"),
        ({"username": ""}, None),
        ({"username": True}, None),
        ({}, None),
    ],
)
def test_the_account_may_be_a_member_that_the_template_names(make_config, members, subject):
    assert read_tokens(make_config(subject_members=("username",)), ok(**members)).subject == subject


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Sun, 22 Nov 2026 12:00:07 GMT", 7.0),
        ("Sun, 22 Nov 2026 11:59:00 -0000", -60.0),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_the_providers_clock_is_compared_with_ours(date, seconds):
    assert skew(date, now=NOON) == seconds


REFUSALS = [
    {"status": 401, "json": {"error": "invalid_client"}},
    {"status": 401, "content": b""},
    {"status": 400, "json": {"error": "invalid_client_credentials"}},
    {"status": 200, "json": {"error": "incorrect_client_credentials"}},
]


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_refused_secret_gives_way_to_the_second(provider, make_config, refusal):
    provider.says(**refusal)
    provider.says(200, json={"access_token": "at", "token_type": "bearer"})
    config = make_config(client_auth_method="client_secret_post", second_secret=Secret("next"))
    tokens = await request_tokens(provider.client, config, {"grant_type": "refresh_token"})
    sent = [parse_qs(request.content.decode())["client_secret"] for request in provider.requests]
    assert (sent, tokens.used_second) == ([["CANARY-secret"], ["next"]], True)


async def test_a_taken_secret_needs_no_second(provider, make_config):
    provider.says(200, json={"access_token": "at", "token_type": "bearer"})
    tokens = await request_tokens(provider.client, make_config(second_secret=Secret("next")), {})
    assert (len(provider.requests), tokens.used_second) == (1, False)


@pytest.mark.parametrize(
    ("answer", "error", "asked"),
    [
        ({"status": 401, "json": {"error": "invalid_client"}}, ClientRejected, 2),
        ({"status": 401, "json": {"error": "unauthorized_client"}}, ClientRejected, 1),
        ({"status": 400, "json": {"error": "invalid_scope"}}, ClientRejected, 1),
        ({"status": 400, "json": {"error": "invalid_grant"}}, ConsentEnded, 1),
        ({"status": 503}, Passing, 1),
        ({"status": 200, "json": {}}, Malformed, 1),
    ],
)
async def test_the_second_secret_is_for_a_refused_secret_only(provider, make_config, answer, error, asked):
    provider.says(**answer)
    with pytest.raises(error):
        await request_tokens(provider.client, make_config(second_secret=Secret("next")), {})
    assert len(provider.requests) == asked


def identity(**changes: object) -> str:
    claims = {"iss": "https://idp.example.com", "aud": "tabard", "sub": "u", "exp": 2_000_000_000} | changes
    return id_token(json.dumps(claims).encode())


def test_where_the_id_token_is_what_counts_it_takes_the_access_tokens_place(make_config):
    config = make_config(handed_on="id_token", client_id="tabard", issuer="https://idp.example.com")
    for audience in ("tabard", ["other", "tabard"]):
        tokens = read_tokens(config, ok(id_token=identity(aud=audience), expires_in=5, refresh_token="rt"))
        assert tokens.access_token == tokens.id_token
        assert tokens.expires_in is None
        assert tokens.refresh_token is not None


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "no_id_token"),
        ("opaque", "invalid_id_token"),
        (identity(aud="other"), "invalid_id_token"),
        (identity(iss="https://IDP.example.com"), "invalid_id_token"),
        (identity(exp=None), "invalid_id_token"),
    ],
)
def test_an_id_token_that_is_not_for_us_is_malformed(make_config, token, code):
    config = make_config(handed_on="id_token", client_id="tabard", issuer="https://idp.example.com")
    with pytest.raises(Malformed) as refused:
        read_tokens(config, ok(id_token=token))
    assert refused.value.code == code


def test_an_administrators_lifetime_wins(make_config):
    assert read_tokens(make_config(fixed_lifetime=900.0), ok(expires_in=60)).expires_in == 900.0


def test_a_style_without_refresh_tokens_keeps_none(make_config):
    config = make_config(refresh_style="none")
    assert read_tokens(config, ok(refresh_token="rt")).refresh_token is None
    assert read_tokens(make_config(refresh_style="static"), ok(refresh_token="rt")).refresh_token == Secret("rt")
