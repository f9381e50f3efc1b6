"""Settings: what is refused, and that the refusal names the fix."""

import json

import pytest

from integrations.sandbox.settings import (
    ClientSettings,
    Fault,
    SandboxSettings,
    SettingsError,
    changed,
    client_from,
    load_clients,
)

CLIENT = ClientSettings("app", secret="s", redirect_uris=("http://localhost/",))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lifetime": 1}, "not a setting of a client"),
        ({"access_lifetime": "60"}, "access_lifetime must be a whole number"),
        ({"access_lifetime": True}, "a whole number"),
        ({"access_lifetime": 0}, "1 second or more"),
        ({"refresh_lifetime": "x"}, "a whole number or null"),
        ({"token_delay": -1}, "not be negative"),
        ({"rotate_refresh": 1}, "true or false"),
        ({"scopes": "openid"}, "a list of texts"),
        ({"scopes": ["everything"]}, "scopes has everything"),
        ({"grant_types": ["implicit"]}, "grant_types has implicit"),
        ({"redirect_uris": []}, "at least one address"),
        ({"secret": None}, "give a secret"),
        ({"fail_next": "server_error"}, "a list of faults"),
        ({"fail_next": ["earthquake"]}, "not a fault"),
        ({"fail_next": [{"kind": "server_error", "times": 0}]}, "1 or more"),
        ({"fail_next": [{"kind": "server_error", "times": "2"}]}, "whole number"),
        ({"fail_next": [{"sort": "server_error"}]}, "look like"),
        ({"fail_next": [{"kind": "server_error", "endpoint": "moon"}]}, "endpoint must be one of"),
        ({"fail_next": [{"kind": "delay", "value": "long"}]}, "delay needs a value, seconds"),
        ({"fail_next": ["members"]}, "members needs a value"),
        ({"iss": "maybe"}, "iss has maybe"),
        ({"scope_claim": "scopes"}, "scope_claim has scopes"),
    ],
)
def test_what_does_not_fit_is_named(changes, words):
    with pytest.raises(SettingsError, match=words):
        changed(CLIENT, changes)


def test_changes_are_applied():
    after = changed(
        CLIENT, {"token_delay": 2, "scopes": ["openid"], "refresh_lifetime": None, "fail_next": ["not_json"]}
    )
    assert (after.token_delay, after.scopes, after.fail_next) == (2.0, ("openid",), (Fault("not_json"),))
    assert after.secret == "s"


def test_a_client_without_a_secret_is_public():
    public = client_from({"client_id": "p", "redirect_uris": ["http://localhost/"]})
    secret = client_from({"client_id": "c", "secret": "x", "grant_types": ["client_credentials"]})
    assert public.auth_methods == ("none",)
    assert secret.auth_methods == ("client_secret_basic", "client_secret_post")


def test_a_clients_file(tmp_path):
    path = tmp_path / "clients.json"
    path.write_text(json.dumps({"clients": [{"client_id": "a", "redirect_uris": ["http://localhost/cb"]}]}))
    assert [client.client_id for client in load_clients(path)] == ["a"]


@pytest.mark.parametrize(
    ("text", "words"), [("{", "is not JSON"), ("[]", "must look like"), ('{"clients": [{}]}', "client_id")]
)
def test_a_clients_file_that_cannot_be_used(tmp_path, text, words):
    path = tmp_path / "clients.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=words):
        load_clients(path)
    with pytest.raises(SettingsError, match="Cannot read"):
        load_clients(tmp_path / "nowhere.json")


def test_the_admin_token_is_not_printed():
    assert "hush" not in repr(SandboxSettings(admin_token="hush"))
