"""Databricks: early rejection, single-use refresh tokens, a service principal, workspace and account."""

SCOPE = "all-apis offline_access"


async def test_its_api_refuses_tokens_of_the_last_half_minute(at, clock):
    databricks = at("databricks")
    tokens = await databricks.connect(SCOPE)
    clock.now += 3600 - 30
    assert (await databricks.whoami(tokens["access_token"])).status_code == 200
    clock.now += 1
    answer = await databricks.whoami(tokens["access_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


async def test_a_refresh_token_is_good_once_and_its_death_is_a_bad_request(at):
    databricks = at("databricks")
    tokens = await databricks.connect(SCOPE)
    assert (await databricks.refresh(tokens["refresh_token"])).status_code == 200
    answer = (await databricks.refresh(tokens["refresh_token"])).json()
    assert answer == {"error": "invalid_request", "error_description": "Refresh token is invalid."}
    assert "refresh_token" not in await databricks.connect("all-apis")


async def test_a_service_principal(at):
    answer = await at("databricks").token(grant_type="client_credentials", scope="all-apis")
    assert answer.json()["scope"] == "all-apis"


async def test_workspace_and_account_are_discovered_apart(at):
    http = at("databricks").http
    workspace = (await http.get("/v/databricks/oidc/.well-known/oauth-authorization-server")).json()
    assert workspace["issuer"] == "http://localhost:3940/v/databricks/oidc"
    assert workspace["token_endpoint"].endswith("/v/databricks/oidc/v1/token")
    account = (await http.get("/v/databricks/oidc/accounts/a-1/.well-known/oauth-authorization-server")).json()
    assert account["issuer"] == "http://localhost:3940/v/databricks/oidc/accounts/a-1"
    assert account["token_endpoint"].endswith("/v/databricks/oidc/accounts/a-1/v1/token")


async def test_who_it_is_by_scim(at):
    databricks = at("databricks")
    token = (await databricks.connect(SCOPE))["access_token"]
    where = "/v/databricks/api/2.0/preview/scim/v2/Me"
    me = await databricks.http.get(where, headers={"Authorization": f"Bearer {token}"})
    assert me.json()["userName"] == "alice@example.org"
