import pytest

from integrations import catalog
from integrations.contract import Secret


def client_of(key: str, config: dict[str, str], **kwargs):
    template = catalog.load().get(key)
    settled = template.settle({"client_id": "id", "client_secret": "s", **config}, allow_local=False, **kwargs)
    return template.client(settled.config, settled.secrets)


def test_snowflake():
    client = client_of("snowflake", {"account_url": "https://Org-Acct.snowflakecomputing.com/"})
    assert client.authorization_uri == "https://org-acct.snowflakecomputing.com/oauth/authorize"
    assert client.token_uri == "https://org-acct.snowflakecomputing.com/oauth/token-request"
    assert (client.scopes, client.client_auth_method, client.use_pkce) == (
        ("refresh_token",),
        "client_secret_basic",
        True,
    )
    assert client.client_secret == Secret("s")


def test_databricks_confidential_and_public():
    config = {"workspace_host": "dbc-a1.cloud.databricks.com"}
    client = client_of("databricks", config)
    assert client.token_uri == "https://dbc-a1.cloud.databricks.com/oidc/v1/token"
    assert "offline_access" in client.scopes
    public = client_of("databricks", {**config, "auth_mode": "Public"})
    assert (public.client_auth_method, public.client_secret) == ("none", None)


def test_google_asks_for_a_lasting_connection():
    client = client_of("bigquery", {})
    assert (client.extra_authorize, client.first_consent) == ({"access_type": "offline"}, {"prompt": "consent"})
    assert client.issuer == "https://accounts.google.com"


def test_azure_viewer_and_service_account():
    tenant = "11111111-2222-3333-4444-555555555555"
    client = client_of("azure", {"tenant_id": tenant})
    assert client.token_uri == f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
    assert client.send_scope_on_refresh
    scopes = "openid offline_access https://database.windows.net/.default"
    robot = client_of("azure", {"tenant_id": tenant, "auth_type": "Service Account", "scopes": scopes})
    assert robot.scopes == ("https://database.windows.net/.default",)
    assert robot.authorization_uri is None


def test_github_tokens_may_live_for_ever():
    client = client_of("github", {})
    assert client.default_lifetime is None
    assert client.revocation_uri == "https://api.github.com/applications/id/token"


def test_salesforce_keeps_the_instance():
    client = client_of("salesforce", {"sf_host_domain": "acme.my.salesforce.com"})
    assert client.kept_extras == ("instance_url",)
    assert not client.send_scope_on_client_credentials


def test_a_stored_config_of_an_older_release_still_makes_a_client():
    client = catalog.load().get("custom").client({"client_id": "id", "token_uri": "https://a.example/t"}, {})
    assert (client.auth_type, client.use_pkce, client.authorization_uri) == ("Viewer", True, None)


def test_guides_name_this_servers_redirect_address():
    for template in catalog.load().all():
        if template.data.endpoints is None:
            continue
        steps = template.guide("https://here.example.com/cb")
        assert any("https://here.example.com/cb" in step.code for step in steps)
        assert not any("{callback_url}" in step.code + step.text for step in steps)


def test_a_service_accounts_guide_is_its_own():
    steps = catalog.load().get("custom").guide("https://here.example.com/cb", "Service Account")
    assert steps
    assert not any("here.example.com" in step.code for step in steps)


def test_what_a_form_needs():
    custom = catalog.load().get("custom")
    assert custom.auth_types == ("Viewer", "Service Account")
    assert custom.secret_names == {"client_secret", "second_client_secret", "private_key"}
    assert (custom.name, custom.mark.monogram) == ("Custom", "C")
    assert custom.description
    assert {field.name for field in custom.data.fields if field.required} >= {"client_id", "token_uri"}
    assert catalog.load().get("snowflake").auth_types == ("Viewer",)


@pytest.mark.parametrize("given_", [{}, {"use_pkce": True}, {"use_pkce": "true"}])
def test_pkce_is_on_unless_it_was_switched_off(given_):
    custom = catalog.load().get("custom")
    assert custom.client({"client_id": "x", **given_}, {}).use_pkce
    assert not custom.client({"client_id": "x", "use_pkce": False}, {}).use_pkce


def test_a_second_secret_is_on_the_form_and_not_on_the_wire():
    custom = catalog.load().get("custom")
    assert "second_client_secret" not in {field["name"] for field in custom.wire()["fields"]}
    second = next(field for field in custom.form()["fields"] if field["name"] == "second_client_secret")
    assert (second["folded"], second["secret"], second["label"]) == (True, True, "Second client secret")
    assert second["visibility_expression"] == next(
        field["visibility_expression"] for field in custom.wire()["fields"] if field["name"] == "client_secret"
    )
    assert "folded" not in custom.wire()["fields"][0]
