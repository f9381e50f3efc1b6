"""A client that proves itself with a key: what an assertion has to say, and that it works once."""

import uuid

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from integrations.sandbox.assertions import TYPE
from tests.unit.integrations.sandbox.conftest import SERVICE

KEY = RSAKey.generate_key(2048)


def signed(clock, key=KEY, alg="RS256", **claims):
    body = {
        "iss": SERVICE[0],
        "sub": SERVICE[0],
        "aud": "http://localhost:3940/token",
        "exp": int(clock.now) + 300,
        "jti": str(uuid.uuid4()),
        **claims,
    }
    return jwt.encode({"alg": alg}, {name: value for name, value in body.items() if value is not None}, key, [alg])


@pytest.fixture
async def ask(person):
    await person.configure(SERVICE[0], public_key=KEY.as_pem(private=False).decode(), auth_methods=["private_key_jwt"])

    async def ask(assertion, kind=TYPE):
        form = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": assertion}
        return await person.post("/token", data=form)

    return ask


async def test_an_assertion_in_place_of_a_secret(person, clock, ask):
    assertion = signed(clock, alg="PS256")
    assert (await ask(assertion)).status_code == 200
    assert (await ask(assertion)).json()["error"] == "invalid_client"
    assert (await person.post("/token", data={"grant_type": "client_credentials"}, auth=SERVICE)).status_code == 401
    assert [entry["client_id"] for entry in (await person.log())["requests"]] == [SERVICE[0]] * 3


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "other"},
        {"sub": "tabard-viewer"},
        {"aud": "https://elsewhere.example.com/token"},
        {"exp": 1_700_000_000},
        {"exp": 1_900_000_000},
        {"exp": None},
        {"jti": None},
    ],
)
async def test_assertions_that_prove_nothing(clock, ask, claims):
    assert (await ask(signed(clock, **claims))).json()["error"] == "invalid_client"


async def test_another_key_another_type_and_no_jwt(clock, ask):
    assert (await ask(signed(clock, RSAKey.generate_key(2048)))).json()["error"] == "invalid_client"
    assert (await ask(signed(clock), kind="urn:other")).json()["error"] == "invalid_client"
    assert (await ask("nonsense")).json()["error"] == "invalid_client"
