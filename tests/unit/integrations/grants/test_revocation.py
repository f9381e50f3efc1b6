import json

import httpx
import pytest

from integrations.contract import Secret
from integrations.grants.revocation import revoke

TOKEN = Secret("tok")
URI = "https://idp.example.com/revoke"


async def test_a_token_is_revoked_by_rfc_7009(provider, make_config):
    provider.says(200)
    assert await revoke(provider.client, make_config(revocation_uri=URI), TOKEN, "refresh_token")
    assert provider.form == {"token": ["tok"], "token_type_hint": ["refresh_token"]}
    assert provider.requests[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "body", "done"),
    [
        (204, {}, True),
        (400, {"error": "invalid_token"}, True),
        (400, {"error": "unsupported_token_type"}, False),
        (503, {}, False),
        (302, {}, False),
    ],
)
async def test_what_counts_as_done(provider, make_config, status, body, done):
    provider.says(status, json=body)
    assert await revoke(provider.client, make_config(revocation_uri=URI), TOKEN, "refresh_token") is done


async def test_failures_raise_nothing(provider, make_config):
    provider.fails(httpx.ConnectError("down"))
    assert not await revoke(provider.client, make_config(revocation_uri=URI), TOKEN, "refresh_token")
    assert not await revoke(
        provider.client, make_config(revocation_uri=URI, client_secret=None), TOKEN, "refresh_token"
    )
    assert not await revoke(provider.client, make_config(), TOKEN, "refresh_token")


@pytest.mark.parametrize(("status", "done"), [(204, True), (404, True), (422, False), (500, False)])
async def test_github_deletes_access_tokens(provider, make_config, status, done):
    provider.says(status)
    config = make_config(revocation_uri="https://api.github.com/applications/x/token", revocation_style="github")
    assert await revoke(provider.client, config, TOKEN, "access_token") is done
    request = provider.requests[0]
    assert (request.method, json.loads(request.content)) == ("DELETE", {"access_token": "tok"})
    assert not await revoke(provider.client, config, TOKEN, "refresh_token")
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "refusal",
    [{"status": 401}, {"status": 400, "json": {"error": "invalid_client"}}],
)
async def test_a_refused_secret_gives_way_to_the_second(provider, make_config, refusal):
    provider.says(**refusal)
    provider.says(200)
    config = make_config(revocation_uri=URI, client_auth_method="client_secret_post", second_secret=Secret("next"))
    assert await revoke(provider.client, config, TOKEN, "refresh_token")
    assert provider.form["client_secret"] == ["next"]
    assert len(provider.requests) == 2


async def test_another_refusal_is_not_tried_again(provider, make_config):
    provider.says(400, json={"error": "unsupported_token_type"})
    assert not await revoke(
        provider.client, make_config(revocation_uri=URI, second_secret=Secret("next")), TOKEN, "refresh_token"
    )
    assert len(provider.requests) == 1
