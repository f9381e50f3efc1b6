import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import catalog
from integrations.checks import origin
from integrations.settling import ConfigProblems

CUSTOM = catalog.load().get("custom")
SDK = {
    "auth_mode": "Confidential",
    "authorization_uri": "https://idp.example.com/authorize",
    "client_id": "id",
    "client_secret": "s3cret",
    "scopes": "a b",
    "token_endpoint_auth_method": "client_secret_basic",
    "token_uri": "https://idp.example.com/token",
}


def problems(template, config, *, allow_local=False):
    with pytest.raises(ConfigProblems) as caught:
        template.settle(config, allow_local=allow_local)
    return {problem.field: problem.message for problem in caught.value.problems}


def test_the_sdks_own_test_config_is_echoed_with_two_defaults():
    settled = CUSTOM.settle(SDK, allow_local=False)
    expected = {key: value for key, value in SDK.items() if key != "client_secret"}
    assert settled.config == {**expected, "auth_type": "Viewer", "use_pkce": True}
    assert settled.secrets == {"client_secret": "s3cret"}
    assert settled.auth_type == "Viewer"
    assert "s3cret" not in repr(settled)


def test_the_documented_minimal_config_gets_the_rest():
    minimal = {key: SDK[key] for key in ("client_id", "client_secret", "authorization_uri", "token_uri", "scopes")}
    assert CUSTOM.settle(minimal, allow_local=False).config == CUSTOM.settle(SDK, allow_local=False).config


def test_settling_a_settled_config_changes_nothing():
    once = CUSTOM.settle(SDK, allow_local=False)
    assert CUSTOM.settle({**once.config, **once.secrets}, allow_local=False) == once


@pytest.mark.parametrize(
    ("given_", "kept"), [("true", True), ("false", False), ("False", False), (False, False), ("", True)]
)
def test_switches_may_come_as_strings(given_, kept):
    assert CUSTOM.settle({**SDK, "use_pkce": given_}, allow_local=False).config["use_pkce"] is kept


def test_every_problem_is_told_at_once_in_connects_words():
    found = problems(CUSTOM, {"max_role": "x", "auth_mode": "Secret", "client_id": 3, "token_uri": "ftp://x"})
    assert set(found) == {"max_role", "auth_mode", "client_id", "client_secret", "authorization_uri", "token_uri"}
    assert found["auth_mode"] == "The config key auth_mode must be one of (Confidential, Public)"
    assert found["client_secret"] == "The config key client_secret is required"
    assert found["client_id"] == "The config key client_id must be a string"
    assert found["max_role"].startswith("The config key max_role is unknown; Custom takes (auth_mode, ")


def test_no_problem_repeats_a_value():
    hostile = {
        **SDK,
        "CANARY<script>": "x",
        "client_id": "CANARY\n",
        "token_uri": "https://CANARY@x",
        "scopes": 'CANARY"',
    }
    assert "CANARY" not in str(problems(CUSTOM, {**hostile, "auth_mode": "CANARY"}).values())


def test_a_public_client_keeps_no_secret_and_always_uses_pkce():
    settled = CUSTOM.settle({**SDK, "auth_mode": "Public", "use_pkce": False}, allow_local=False)
    assert settled.secrets == {}
    client = CUSTOM.client(settled.config, {"client_secret": "left over"})
    assert (client.client_auth_method, client.client_secret, client.use_pkce) == ("none", None, True)


def test_a_service_account_needs_a_secret_and_no_authorization_address():
    config = {"auth_type": "Service Account", "client_id": "id", "token_uri": SDK["token_uri"]}
    assert set(problems(CUSTOM, config)) == {"client_secret"}
    settled = CUSTOM.settle(
        {**config, "client_secret": "s", "authorization_uri": "https://x.example"}, allow_local=False
    )
    assert settled.auth_type == "Service Account"
    assert "authorization_uri" not in settled.config
    assert "auth_mode" not in settled.config


def test_secrets_are_taken_as_they_are_and_texts_trimmed():
    settled = CUSTOM.settle({**SDK, "client_id": " id ", "client_secret": " s "}, allow_local=False)
    assert (settled.config["client_id"], settled.secrets["client_secret"]) == ("id", " s ")


@pytest.mark.parametrize("key", ["authorization_uri", "token_uri", "revocation_uri", "userinfo_uri", "issuer"])
def test_addresses_are_checked_and_local_ones_need_the_switch(key):
    config = {**SDK, key: "http://localhost:3940/x"}
    assert set(problems(CUSTOM, config)) == {key}
    assert CUSTOM.settle(config, allow_local=True).config[key] == "http://localhost:3940/x"


@pytest.mark.parametrize("scopes", ['a "b"', "a\\b", "a\x00b", "ä"])
def test_scopes_must_be_scopes(scopes):
    assert set(problems(CUSTOM, {**SDK, "scopes": scopes})) == {"scopes"}


def test_values_have_a_longest_length():
    assert set(problems(CUSTOM, {**SDK, "client_id": "x" * 5000})) == {"client_id"}


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        ("acme.example.com", "https://acme.example.com"),
        ("ACME.example.com/", "https://acme.example.com"),
        ("https://acme.example.com/", "https://acme.example.com"),
        ("http://localhost:9000", "http://localhost:9000"),
    ],
)
def test_origins(value, whole):
    assert origin(value) == whole


@given(
    st.dictionaries(
        st.text(max_size=20) | st.sampled_from(sorted(SDK)), st.none() | st.booleans() | st.text() | st.integers()
    )
)
def test_any_config_is_settled_or_refused(config):
    for template in catalog.load().all():
        with contextlib.suppress(ConfigProblems):
            settled = template.settle(config, allow_local=False)
            template.client(settled.config, settled.secrets)


def test_a_second_secret_is_kept_beside_the_first():
    settled = CUSTOM.settle({**SDK, "second_client_secret": "next"}, allow_local=False)
    assert settled.secrets == {"client_secret": "s3cret", "second_client_secret": "next"}
    client = CUSTOM.client(settled.config, settled.secrets)
    assert (client.client_secret.reveal(), client.second_secret.reveal()) == ("s3cret", "next")


@pytest.mark.parametrize("second", ["s3cret", "", None])
def test_a_second_secret_like_the_first_or_empty_is_none(second):
    settled = CUSTOM.settle({**SDK, "second_client_secret": second}, allow_local=False)
    assert settled.secrets == {"client_secret": "s3cret"}


def test_a_public_client_keeps_no_second_secret():
    config = {**SDK, "auth_mode": "Public", "second_client_secret": "next"}
    settled = CUSTOM.settle(config, allow_local=False)
    assert settled.secrets == {}
    assert CUSTOM.client(settled.config, {"second_client_secret": "x"}).second_secret is None
