"""Every vendor: a person connects with the registered clients, at the vendor's own addresses."""

import pytest

from integrations.sandbox.vendors.all import VENDORS, registered

SCOPES = {
    "snowflake": "refresh_token",
    "github": "repo",
    "salesforce": "api refresh_token",
    "entra": "openid offline_access https://database.windows.net/.default",
}


@pytest.mark.parametrize("key", VENDORS)
async def test_a_person_connects(at, key):
    vendor = at(key)
    more = {"access_type": "offline", "audience": "https://api"} if key in {"google", "auth0"} else {}
    tokens = await vendor.connect(SCOPES.get(key, "openid profile offline_access"), **more)
    assert tokens["refresh_token"]
    assert (await vendor.whoami(tokens["access_token"])).json()["sub"] == "alice"
    declined = await vendor.ask(SCOPES.get(key, "openid email"), sub="bob", decision="decline")
    assert declined.back["error"] == "access_denied"


@pytest.mark.parametrize("key", VENDORS)
def test_each_has_a_confidential_and_a_public_client(key):
    clients = {client.client_id: client for client in registered(VENDORS[key])}
    assert clients[f"tabard-{key}"].secret == f"sandbox-{key}-secret"
    assert clients[f"tabard-{key}-public"].auth_methods == ("none",)
    assert {client.vendor for client in clients.values()} == {key}


async def test_a_client_is_known_at_its_own_vendor_only(at):
    assert (await at("okta", "tabard-auth0").token(grant_type="client_credentials")).json()["error"] == "invalid_client"
