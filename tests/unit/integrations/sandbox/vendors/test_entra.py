"""Entra: one resource a token, a scope at each refresh, old refresh tokens that live, and its numbered errors."""

import json

import pytest
from joserfc import jws

from integrations.sandbox.vendors.entra import resource_of

SQL = "https://database.windows.net"
SCOPE = f"openid profile offline_access {SQL}/.default https://storage.azure.com/user_impersonation"


def claims(token):
    return json.loads(jws.extract_compact(token.encode()).payload)


@pytest.mark.parametrize(
    ("scope", "resource"),
    [
        ("openid", None),
        ("User.Read", "https://graph.microsoft.com"),
        (f"{SQL}/.default", SQL),
        (f"{SQL}//.default", f"{SQL}/"),
        ("api://app/thing", "api://app"),
        ("2ff814a6-3304-4ab8-8e4f-0be8e7b1d7b8/.default", "2ff814a6-3304-4ab8-8e4f-0be8e7b1d7b8"),
    ],
)
def test_the_resource_of_a_scope(scope, resource):
    assert resource_of(scope) == resource


async def test_scopes_of_two_resources_give_a_token_for_the_first(at):
    entra = at("entra")
    tokens = await entra.connect(SCOPE)
    assert claims(tokens["access_token"])["aud"] == SQL
    assert tokens["scope"] == f"{SQL}/user_impersonation"
    other = (await entra.refresh(tokens["refresh_token"], scope="User.Read")).json()
    assert claims(other["access_token"])["aud"] == "https://graph.microsoft.com"


async def test_a_refresh_needs_its_scope_and_leaves_the_old_token_good(at):
    entra = at("entra")
    tokens = await entra.connect(SCOPE)
    answer = await entra.refresh(tokens["refresh_token"])
    assert answer.status_code == 400
    assert answer.json()["error_description"].startswith("AADSTS90014")
    for _ in range(2):
        answer = await entra.refresh(tokens["refresh_token"], scope=f"{SQL}/.default")
        assert answer.json()["refresh_token"] != tokens["refresh_token"]
    assert (await entra.whoami(tokens["access_token"])).status_code == 200


async def test_errors_have_numbers_and_conditional_access_names_claims(at):
    entra = at("entra")
    answer = (await entra.refresh("unknown", scope="User.Read")).json()
    assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [700082])
    await entra.set(fail_next=[{"kind": "oauth_error", "value": "interaction_required"}])
    answer = (await entra.refresh("unknown", scope="User.Read")).json()
    assert answer["error_description"].startswith("AADSTS50076")
    assert "access_token" in json.loads(answer["claims"])


async def test_a_service_account_asks_for_default_of_one_resource(at):
    entra = at("entra")
    answer = (await entra.token(grant_type="client_credentials", scope=f"{SQL}/.default")).json()
    assert claims(answer["access_token"])["aud"] == SQL
    for wrong in ("User.Read", f"{SQL}/.default User.Read", ""):
        answer = await entra.token(grant_type="client_credentials", scope=wrong)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_any_tenant_and_its_discovery_document(at):
    entra = at("entra")
    where = "/v/entra/contoso/v2.0/.well-known/openid-configuration"
    document = (await entra.http.get(where)).json()
    assert document["issuer"] == "http://localhost:3940/v/entra/contoso/v2.0"
    assert document["token_endpoint"] == "http://localhost:3940/v/entra/contoso/oauth2/v2.0/token"
