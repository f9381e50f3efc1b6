"""Putting the provider together."""

import logging

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
