"""The security token service: a web identity for credentials, in XML and JSON, and each refusal."""

import re

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.unit.integrations.sandbox.conftest import ADMIN

KEY = RSAKey.generate_key(2048, {"kid": "k"})
ISSUER = "https://tabard.example.com"
ARN = "arn:aws:iam::123456789012:role/analyst"
JSON = {"Accept": "application/json"}


def identity(clock, key=KEY, **claims):
    now = int(clock.now)
    body = {"iss": ISSUER, "aud": "sts.amazonaws.com", "sub": "alice", "iat": now, "exp": now + 300, **claims}
    body = {name: value for name, value in body.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "k"}, body, key, ["RS256"])


@pytest.fixture
async def ask(person, clock):
    trust = {"providers": {ISSUER: {"jwks": KeySet([KEY]).as_dict(private=False)}}}
    assert (await person.put("/admin/sts", json=trust, headers=ADMIN)).status_code == 204

    async def ask(token=None, headers=JSON, **changes):
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": ARN,
            "RoleSessionName": "alice@example.org",
            "WebIdentityToken": token or identity(clock),
            **changes,
        }
        return await person.post("/sts", data=form, headers=headers)

    return ask


async def test_credentials_as_json(person, clock, ask):
    answer = (await ask(DurationSeconds="900")).json()["AssumeRoleWithWebIdentityResponse"]
    result = answer["AssumeRoleWithWebIdentityResult"]
    assert result["Credentials"]["Expiration"] == clock.now + 900
    assert result["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert result["SubjectFromWebIdentityToken"] == "alice"
    assert result["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/analyst/alice@example.org"
    session = {"X-Amz-Security-Token": result["Credentials"]["SessionToken"], **JSON}
    form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    who = (await person.post("/sts", data=form, headers=session)).json()
    assert who["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Account"] == "123456789012"
    clock.now += 900
    assert (await person.post("/sts", data=form, headers=session)).json()["Error"]["Code"] == "ExpiredToken"
    assert (await person.post("/sts", data=form, headers=JSON)).json()["Error"]["Code"] == "InvalidClientTokenId"


async def test_credentials_as_xml(clock, ask):
    answer = await ask(headers={})
    assert answer.headers["content-type"].startswith("text/xml")
    assert "<AssumeRoleWithWebIdentityResult>" in answer.text
    assert re.search(r"<Expiration>2027-01-15T09:00:00Z</Expiration>", answer.text)
    refused = await ask(headers={}, RoleArn="nobody")
    assert "<Code>ValidationError</Code>" in refused.text


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"Action": "AssumeRole"}, 400, "InvalidAction"),
        ({"Version": ""}, 400, "InvalidAction"),
        ({"RoleArn": "arn:aws:iam::1:role/x"}, 400, "ValidationError"),
        ({"RoleSessionName": "a b"}, 400, "ValidationError"),
        ({"RoleSessionName": "a"}, 400, "ValidationError"),
        ({"DurationSeconds": "899"}, 400, "ValidationError"),
        ({"DurationSeconds": "43201"}, 400, "ValidationError"),
        ({"WebIdentityToken": "x"}, 400, "InvalidIdentityToken"),
    ],
)
async def test_requests_that_are_refused(ask, changes, status, code):
    answer = await ask(**changes)
    assert (answer.status_code, answer.json()["Error"]["Code"]) == (status, code)


async def test_identities_that_are_refused(clock, ask):
    async def code(key=KEY, **claims):
        return (await ask(identity(clock, key, **claims))).json()["Error"]["Code"]

    assert await code(exp=int(clock.now) - 1) == "ExpiredTokenException"
    assert await code(exp=None) == "InvalidIdentityToken"
    assert await code(aud="https://elsewhere") == "InvalidIdentityToken"
    assert await code(sub=None) == "InvalidIdentityToken"
    assert await code(iss="https://stranger.example.com") == "InvalidIdentityToken"
    assert await code(RSAKey.generate_key(2048, {"kid": "k"})) == "InvalidIdentityToken"


async def test_a_role_may_trust_some_subjects_only(person, ask):
    trust = {
        "providers": {ISSUER: {"jwks": KeySet([KEY]).as_dict(private=False)}},
        "subjects": {ARN: ["bob"]},
    }
    await person.put("/admin/sts", json=trust, headers=ADMIN)
    answer = await ask()
    assert (answer.status_code, answer.json()["Error"]["Code"]) == (403, "AccessDenied")


async def test_an_issuer_on_this_machine_is_found_by_its_discovery_document(person, clock, ask):
    await person.put("/admin/sts", json={"audiences": ["sts.amazonaws.com"]}, headers=ADMIN)
    pages = {
        "http://localhost:1/.well-known/openid-configuration": {
            "issuer": "http://localhost:1",
            "jwks_uri": "http://localhost:1/jwks",
        },
        "http://localhost:1/jwks": KeySet([KEY]).as_dict(private=False),
    }

    async def fetch(url):
        return pages[url]

    object.__setattr__(person._transport.app.state.sandbox, "fetch", fetch)
    assert (await ask(identity(clock, iss="http://localhost:1"))).status_code == 200
    pages["http://localhost:1/.well-known/openid-configuration"]["issuer"] = "http://localhost:2"
    answer = await ask(identity(clock, iss="http://localhost:1"))
    assert answer.json()["Error"]["Code"] == "IDPCommunicationError"
    assert (await ask()).json()["Error"]["Code"] == "InvalidIdentityToken"
