import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.contract import Secret
from integrations.errors import ClientRejected, ConsentEnded
from integrations.grants.authorization_code import begin, redeem

CALLBACK = "https://gateway.example.com/__oauth__/integrations/callback"


def started(config, **kwargs):
    begun = begin(config, redirect_uri=CALLBACK, state="st", **kwargs)
    return begun, parse_qs(urlsplit(begun.url).query, keep_blank_values=True)


def test_the_request_carries_a_challenge_of_its_verifier(make_config):
    begun, query = started(make_config())
    digest = hashlib.sha256(begun.verifier.reveal().encode()).digest()
    assert query == {
        "response_type": ["code"],
        "client_id": ["the-client"],
        "redirect_uri": [CALLBACK],
        "state": ["st"],
        "scope": ["read offline_access"],
        "code_challenge": [base64.urlsafe_b64encode(digest).decode().rstrip("=")],
        "code_challenge_method": ["S256"],
    }
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", begun.verifier.reveal())
    assert begun.verifier.reveal() not in begun.url + repr(begun)


def test_verifiers_are_fresh(make_config):
    assert len({started(make_config())[0].verifier.reveal() for _ in range(50)}) == 50


def test_pkce_can_be_off_and_scopes_absent(make_config):
    _, query = started(make_config(use_pkce=False, scopes=()))
    assert not {"code_challenge", "code_challenge_method", "scope"} & set(query)


def test_nothing_overrides_our_parameters(make_config):
    hostile = {
        "state": "evil",
        "Redirect_URI": "https://evil",
        "response_type": "token",
        "scope": "all",
        "code_challenge": "x",
    }
    config = make_config(
        authorization_uri="https://idp.example.com/a?audience=api&state=evil&nonce=1",
        extra_authorize={**hostile, "access_type": "offline"},
        first_consent={**hostile, "prompt": "consent"},
    )
    _, query = started(config)
    assert query["state"] == ["st"]
    assert query["response_type"] == ["code"]
    assert (query["audience"], query["access_type"], query["prompt"]) == (["api"], ["offline"], ["consent"])
    assert not {"Redirect_URI", "nonce"} & set(query)
    assert "evil" not in str(query)


def test_a_consent_is_forced_only_while_we_hold_nothing(make_config):
    _, query = started(make_config(first_consent={"prompt": "consent"}), renewing=True)
    assert "prompt" not in query


def test_without_an_address_nothing_begins(make_config):
    with pytest.raises(ClientRejected):
        started(make_config(authorization_uri=None))


async def test_a_code_is_redeemed_with_its_verifier(provider, make_config):
    provider.says(200, json={"access_token": "at", "token_type": "bearer", "refresh_token": "rt"})
    tokens = await redeem(provider.client, make_config(), redirect_uri=CALLBACK, code="c", verifier=Secret("v"))
    assert tokens.refresh_token == Secret("rt")
    assert provider.form == {
        "grant_type": ["authorization_code"],
        "code": ["c"],
        "redirect_uri": [CALLBACK],
        "code_verifier": ["v"],
    }
    assert str(provider.requests[0].url) == "https://idp.example.com/token"


async def test_without_pkce_no_verifier_is_sent(provider, make_config):
    provider.says(200, json={"access_token": "at"})
    await redeem(provider.client, make_config(use_pkce=False), redirect_uri=CALLBACK, code="c", verifier=Secret("v"))
    assert "code_verifier" not in provider.form


async def test_githubs_error_with_status_200_is_an_error(provider, make_config):
    provider.says(200, json={"error": "bad_verification_code"})
    with pytest.raises(ConsentEnded):
        await redeem(provider.client, make_config(), redirect_uri=CALLBACK, code="c", verifier=Secret("v"))
