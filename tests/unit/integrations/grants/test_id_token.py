import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from integrations.contract import Secret
from integrations.grants.authorization_code import begin, redeem
from integrations.grants.id_token import IdTokenRefused, claims_of, nonce_of
from tests.harness.pem import rsa_pem

ISSUER = "https://idp.example.com"
KEY = RSAKey.import_key(rsa_pem())
NOW = 1_800_000_000
RIGHT = {"iss": ISSUER, "aud": "the-client", "sub": "00u1", "exp": NOW + 60, "nonce": "n"}


def signed(algorithm="RS256", key=KEY, **changes):
    claims = {name: value for name, value in {**RIGHT, **changes}.items() if value is not None}
    return Secret(jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm]))


@pytest.fixture
def config(make_config):
    return make_config(issuer=ISSUER, issuer_aliases=("idp.example.com",), scopes=("openid",))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["the-client"]},
        {"aud": ["other", "the-client"], "azp": "the-client"},
        {"iss": "idp.example.com"},
        {"exp": NOW - 100},
    ],
)
def test_a_right_one_is_read(config, changes):
    assert claims_of(config, signed(**changes), nonce="n", now=NOW)["sub"] == "00u1"


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"iss": ISSUER + "/"}, "another provider"),
        ({"iss": None}, "another provider"),
        ({"aud": "other"}, "another client"),
        ({"aud": None}, "another client"),
        ({"aud": ["other", "the-client"], "azp": "other"}, "another client"),
        ({"exp": NOW - 121}, "has ended"),
        ({"exp": None}, "when it ends"),
        ({"exp": "later"}, "when it ends"),
        ({"nonce": "other"}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
    ],
)
def test_a_wrong_one_is_refused(config, changes, hint):
    with pytest.raises(IdTokenRefused, match=hint) as caught:
        claims_of(config, signed(**changes), nonce="n", now=NOW)
    assert caught.value.code == "id_token"


@pytest.mark.parametrize("token", ["", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "x" * 10_000])
def test_what_is_no_id_token_is_refused(config, token):
    with pytest.raises(IdTokenRefused):
        claims_of(config, Secret(token), nonce=None, now=NOW)


def test_with_keys_the_signature_counts(config):
    keys, others = KeySet([KEY]), KeySet([RSAKey.generate_key(2048, {"kid": "x"})])
    assert claims_of(config, signed(), nonce="n", now=NOW, keys=keys)
    with pytest.raises(IdTokenRefused):
        claims_of(config, signed(), nonce="n", now=NOW, keys=others)
    shared = signed("HS256", OctKey.import_key("0" * 32))
    with pytest.raises(IdTokenRefused):
        claims_of(config, shared, nonce="n", now=NOW, keys=keys)


async def redeemed(provider, config, token):
    answer = {"access_token": "at", "token_type": "bearer", **({"id_token": token.reveal()} if token else {})}
    provider.says(200, json=answer)
    return await redeem(provider.client, config, redirect_uri="https://h/cb", code="c", verifier=Secret("v"))


NONCE = nonce_of(Secret("v"))
LATER = 4_000_000_000


async def test_a_sign_in_is_bound_to_its_nonce(provider, config):
    begun = begin(config, redirect_uri="https://h/cb", state="s")
    assert f"nonce={nonce_of(begun.verifier)}" in begun.url
    assert begun.verifier.reveal() not in begun.url
    tokens = await redeemed(provider, config, signed(nonce=NONCE, exp=LATER))
    assert tokens.subject == f"{ISSUER} 00u1"


@pytest.mark.parametrize("changes", [{"nonce": "other"}, {"aud": "other"}, {"iss": "https://evil.example"}])
async def test_a_sign_in_with_a_wrong_proof_fails(provider, config, changes):
    with pytest.raises(IdTokenRefused):
        await redeemed(provider, config, signed(**{"nonce": NONCE, "exp": LATER, **changes}))


async def test_without_an_issuer_an_odd_proof_is_left_out(provider, make_config):
    loose = make_config(scopes=("openid",))
    odd = await redeemed(provider, loose, signed(nonce=NONCE, exp=LATER, aud="other"))
    assert (odd.subject, odd.id_token, odd.access_token) == (None, None, Secret("at"))


async def test_another_sign_in_fails_without_an_issuer_too(provider, make_config):
    with pytest.raises(IdTokenRefused):
        await redeemed(provider, make_config(scopes=("openid",)), signed(nonce="other", exp=LATER))


async def test_no_id_token_costs_nothing(provider, config):
    assert (await redeemed(provider, config, None)).subject is None


def test_no_nonce_is_sent_where_no_id_token_is_asked_for(make_config):
    assert "nonce" not in begin(make_config(scopes=("read",)), redirect_uri="https://h/cb", state="s").url
