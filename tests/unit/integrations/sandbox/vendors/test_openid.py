"""Okta, Auth0 and Keycloak: their discovery documents, grace, opaque tokens and sessions."""

import pytest

SCOPE = "openid offline_access"


@pytest.mark.parametrize(
    ("key", "where", "issuer", "token"),
    [
        ("okta", "/.well-known/openid-configuration", "", "/oauth2/v1/token"),
        ("okta", "/oauth2/aus1/.well-known/openid-configuration", "/oauth2/aus1", "/oauth2/aus1/v1/token"),
        ("auth0", "/.well-known/openid-configuration", "/", "/oauth/token"),
        (
            "keycloak",
            "/realms/west/.well-known/openid-configuration",
            "/realms/west",
            "/realms/west/protocol/openid-connect/token",
        ),
    ],
)
async def test_discovery(at, key, where, issuer, token):
    document = (await at(key).http.get(f"/v/{key}{where}")).json()
    root = f"http://localhost:3940/v/{key}"
    assert (document["issuer"], document["token_endpoint"]) == (root + issuer, root + token)


async def test_oktas_rotation_has_half_a_minute_of_grace(at, clock):
    okta = at("okta")
    tokens = await okta.connect(SCOPE)
    await okta.refresh(tokens["refresh_token"])
    clock.now += 29
    assert (await okta.refresh(tokens["refresh_token"])).status_code == 200
    clock.now += 2
    assert (await okta.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert "refresh_token" not in await okta.connect("openid")


async def test_auth0_needs_an_audience_for_a_token_that_is_of_use(at):
    auth0 = at("auth0")
    opaque = await auth0.connect(SCOPE)
    assert opaque["access_token"].count(".") == 0
    assert "refresh_token" not in opaque
    useful = await auth0.connect(SCOPE, audience="https://api.example.com")
    assert useful["access_token"].count(".") == 2
    again = (await auth0.refresh(useful["refresh_token"])).json()
    assert again["access_token"].count(".") == 2


async def test_keycloaks_refresh_token_ends_with_the_session(at, clock):
    keycloak = at("keycloak")
    tokens = await keycloak.connect("openid")
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (300, 1800)
    assert (await keycloak.connect(SCOPE))["refresh_expires_in"] == 0
    assert "iss" in (await keycloak.ask("openid")).back
    clock.now += 1800
    assert (await keycloak.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
