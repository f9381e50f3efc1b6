import pytest

from integrations.contract import Secret
from integrations.grants.service import fetch
from tests.harness.pem import rsa_pem


@pytest.mark.parametrize(("grant", "form"), [("client_credentials", True), ("github_app", False)])
async def test_each_grant_asks_in_its_own_way(provider, make_config, grant, form):
    provider.says(200, json={"access_token": "t", "token": "t", "token_type": "bearer"})
    config = make_config(auth_type="Service Account", service_grant=grant, private_key=Secret(rsa_pem()))
    assert (await fetch(provider.client, config)).access_token == Secret("t")
    assert ("grant_type" in provider.form) is form
