"""Putting the provider together."""

import logging

import httpx
import pytest

from integrations.sandbox.app import create_app
from integrations.sandbox.settings import SandboxSettings, SettingsError


def test_an_issuer_is_an_address():
    with pytest.raises(SettingsError, match="issuer must be"):
        create_app(SandboxSettings())


async def test_no_token_code_or_secret_is_logged(person, pkce, caplog):
    caplog.set_level(logging.DEBUG)
    code = await person.code(pkce)
    tokens = (await person.redeem(code, pkce)).json()
    await person.refresh(tokens["refresh_token"])
    # httpx, the test's own client, logs the addresses it calls.
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.split(".")[0] != "httpx")
    for secret in (code, tokens["access_token"], tokens["refresh_token"], "sandbox-viewer-secret"):
        assert secret not in said


async def test_a_vendor_can_live_at_the_root_too(clock):
    app = create_app(SandboxSettings(issuer="http://localhost:1", vendor="snowflake"), clock=clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:1") as client:
        query = {"response_type": "code", "client_id": "tabard-snowflake", "scope": "refresh_token"}
        query["redirect_uri"] = "http://localhost:3939/__oauth__/integrations/callback"
        page = await client.get(
            "/oauth/authorize", params=query | {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
        )
        assert page.status_code == 200
        assert "Snowflake" in page.text
        assert (await client.get("/api/whoami")).status_code == 401


@pytest.mark.parametrize("settings", [{"vendor": "oracle"}, {"vendor_issuers": {"oracle": "https://x"}}])
def test_a_vendor_nobody_knows(settings):
    with pytest.raises(SettingsError, match="oracle is not known"):
        create_app(SandboxSettings(issuer="http://localhost:1", **settings))
