import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from integrations.contract import Secret
from integrations.errors import ClientRejected
from integrations.grants import assertions
from integrations.grants.assertions import client_assertion, github_app_token
from integrations.key_files import signing_key, thumbprint
from tests.harness.pem import certificate_pem, ec_pem, rsa_pem, rsa_public_pem


def opened(token, algorithm="RS256", key=None):
    return jwt.decode(token.reveal(), key or RSAKey.import_key(rsa_public_pem()), algorithms=[algorithm])


def test_an_assertion_is_for_the_token_endpoint_and_for_once(make_config):
    config = make_config(private_key=Secret(rsa_pem()), key_id="k1")
    first, second = client_assertion(config, now=1000), client_assertion(config, now=1000)
    token = opened(first)
    assert token.header == {"typ": "JWT", "alg": "RS256", "kid": "k1"}
    assert token.claims.pop("jti") != opened(second).claims["jti"]
    assert token.claims == {
        "iss": "the-client",
        "sub": "the-client",
        "aud": "https://idp.example.com/token",
        "iat": 1000,
        "nbf": 1000,
        "exp": 1300,
    }


def test_entra_finds_the_key_by_its_certificate(make_config):
    config = make_config(private_key=Secret(rsa_pem()), certificate=certificate_pem(), assertion_alg="PS256")
    header = opened(client_assertion(config), "PS256").header
    assert header == {"typ": "JWT", "alg": "PS256", "x5t#S256": thumbprint(certificate_pem())}


def test_other_keys_sign_in_their_own_way(make_config):
    key, _ = signing_key(ec_pem())
    token = client_assertion(make_config(private_key=Secret(ec_pem())))
    assert opened(token, "ES256", key).header["alg"] == "ES256"


def test_a_github_app_names_itself_for_less_than_ten_minutes(make_config):
    token = opened(github_app_token(make_config(private_key=Secret(rsa_pem())), now=1000))
    assert token.claims == {"iss": "the-client", "iat": 940, "exp": 1540}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"private_key": None}, "missing_secret"),
        ({"private_key": Secret("CANARY")}, "bad_key"),
        ({"private_key": Secret(rsa_pem()), "certificate": "CANARY"}, "bad_key"),
    ],
)
def test_an_unusable_key_is_for_the_administrator(make_config, changes, code):
    with pytest.raises(ClientRejected) as caught:
        client_assertion(make_config(**changes))
    assert caught.value.code == code
    assert "CANARY" not in str(caught.value)


def test_a_key_is_read_once_however_often_it_signs(make_config, monkeypatch):
    read = []
    monkeypatch.setattr(assertions, "signing_key", lambda pem: read.append(pem) or signing_key(pem))
    assertions._key.cache_clear()
    config = make_config(private_key=Secret(rsa_pem()))
    assert len({github_app_token(config, now=moment).reveal() for moment in range(3)}) == 3
    assert len(read) == 1
