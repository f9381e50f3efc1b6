import copy
import dataclasses
import json
import pickle

import pytest

from integrations.contract import Secret, TokenSet, fingerprint, missing_scopes


def test_a_secret_shows_itself_only_to_reveal():
    secret = Secret("CANARY")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", "%s" % secret, "%r" % secret, repr([secret])]  # noqa: UP031
    assert not any("CANARY" in text for text in shown)
    assert secret.reveal() == "CANARY"
    assert not hasattr(secret, "__dict__")


def test_a_secret_cannot_be_pickled_or_written_as_json():
    with pytest.raises(TypeError):
        pickle.dumps(Secret("CANARY"))
    with pytest.raises(TypeError):
        json.dumps(Secret("CANARY"))


def test_copies_of_a_secret_stay_secret():
    secret = Secret("CANARY")
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"a": secret})["a"] is secret
    assert "CANARY" not in str(dataclasses.asdict(TokenSet(access_token=secret)))


def test_secrets_compare_by_value_and_know_emptiness():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


def test_settings_and_tokens_hide_their_secrets(make_config):
    tokens = TokenSet(access_token=Secret("CANARY"), refresh_token=Secret("CANARY"))
    assert "CANARY" not in repr(make_config()) + repr(tokens)


@pytest.mark.parametrize(
    "change",
    [
        {"template": "azure"},
        {"auth_type": "Service Account"},
        {"issuer": "https://idp.example.com"},
        {"authorization_uri": "https://evil.example.com/authorize"},
        {"token_uri": "https://evil.example.com/token"},
        {"revocation_uri": "https://evil.example.com/revoke"},
        {"userinfo_uri": "https://evil.example.com/me"},
        {"trade_uri": "https://evil.example.com/sts"},
        {"client_id": "another"},
        {"client_auth_method": "client_secret_post"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_server_or_client_has_another_fingerprint(make_config, change):
    assert fingerprint(make_config()) != fingerprint(make_config(**change))


def test_upkeep_keeps_the_fingerprint(make_config):
    upkept = make_config(client_secret=Secret("new"), scopes=("read", "write"), default_lifetime=60.0)
    assert fingerprint(make_config()) == fingerprint(upkept)
    assert len(fingerprint(upkept)) == 64


def test_missing_scopes_are_those_asked_for_and_not_granted(make_config):
    config = make_config(scopes=("openid", "read", "write"))
    granted = TokenSet(access_token=Secret("a"), scopes=("read",))
    assert missing_scopes(config, granted) == ("write",)
    assert missing_scopes(config, TokenSet(access_token=Secret("a"))) == ()
    assert missing_scopes(make_config(scopes=("write",), compares_scopes=False), granted) == ()
