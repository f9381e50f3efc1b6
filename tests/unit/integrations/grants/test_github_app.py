import httpx
import pytest

from integrations.contract import Secret
from integrations.errors import ClientRejected, Malformed, Passing
from integrations.grants.github_app import fetch
from tests.harness.pem import rsa_pem

URI = "https://api.github.com/app/installations/1/access_tokens"
DATE = {"date": "Sun, 22 Nov 2026 12:00:00 GMT"}


@pytest.fixture
def config(make_config):
    return make_config(token_uri=URI, private_key=Secret(rsa_pem()), client_auth_method="none", client_secret=None)


async def test_the_app_shows_a_signed_token_and_gets_one_of_the_installation(provider, config):
    answer = {"token": "ghs_x", "expires_at": "2026-11-22T13:00:00Z", "permissions": {"contents": "read"}}
    provider.says(201, json=answer, headers=DATE)
    tokens = await fetch(provider.client, config)
    request = provider.requests[0]
    assert (request.method, str(request.url), request.content) == ("POST", URI, b"{}")
    assert request.headers["authorization"].startswith("Bearer ey")
    assert (tokens.access_token.reveal(), tokens.refresh_token) == ("ghs_x", None)
    assert tokens.expires_in == pytest.approx(3600, abs=1)  # by GitHub's own clock, wherever ours stands


@pytest.mark.parametrize("ends", [None, "soon", "2026-11-22T13:00:00"])
async def test_without_a_readable_end_a_token_lives_for_an_hour(provider, config, ends):
    provider.says(201, json={"token": "ghs_x", "expires_at": ends})
    assert (await fetch(provider.client, config)).expires_in == 3600


@pytest.mark.parametrize(
    ("status", "headers", "error", "code"),
    [
        (401, {}, ClientRejected, "invalid_client"),
        (404, {}, ClientRejected, "refused_app"),
        (403, {}, ClientRejected, "refused_app"),
        (403, {"x-ratelimit-remaining": "0"}, Passing, "rate_limited"),
        (403, {"retry-after": "60"}, Passing, "rate_limited"),
        (429, {}, Passing, "rate_limited"),
        (502, {}, Passing, "status_502"),
        (302, {"location": "https://evil.example"}, Passing, "status_302"),
        (201, {}, Malformed, "malformed_answer"),
    ],
)
async def test_refusals(provider, config, status, headers, error, code):
    provider.says(status, json={"message": "CANARY"}, headers=headers)
    with pytest.raises(error) as caught:
        await fetch(provider.client, config)
    assert caught.value.code == code
    assert "CANARY" not in str(caught.value)
    assert len(provider.requests) == 1


async def test_a_broken_line_may_pass(provider, config):
    provider.fails(httpx.ConnectError("down"))
    with pytest.raises(Passing):
        await fetch(provider.client, config)
