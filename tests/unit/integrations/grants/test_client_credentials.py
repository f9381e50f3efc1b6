from integrations.contract import Secret
from integrations.grants.client_credentials import fetch


async def test_the_client_speaks_for_itself(provider, make_config):
    provider.says(200, json={"access_token": "at", "refresh_token": "unwanted", "expires_in": 60})
    tokens = await fetch(provider.client, make_config(auth_type="Service Account"))
    assert provider.form == {"grant_type": ["client_credentials"], "scope": ["read offline_access"]}
    assert (tokens.access_token, tokens.refresh_token) == (Secret("at"), None)


async def test_salesforce_gets_no_scopes(provider, make_config):
    provider.says(200, json={"access_token": "at"})
    await fetch(provider.client, make_config(send_scope_on_client_credentials=False))
    assert provider.form == {"grant_type": ["client_credentials"]}
