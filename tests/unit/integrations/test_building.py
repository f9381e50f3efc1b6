import pytest

from integrations import catalog
from integrations.contract import Secret
from tests.harness.pem import certificate_pem, rsa_pem


def client_of(key, auth_type=None, **config):
    template = catalog.load().get(key)
    secrets = {"client_secret": "s", "private_key": rsa_pem()}
    example = template.example(auth_type, **config)
    given = {**example, **{name: secrets[name] for name in secrets.keys() & example.keys()}}
    settled = template.settle(given, allow_local=False)
    return template.client(settled.config, settled.secrets)


def test_databricks_has_a_place_for_accounts_on_each_cloud():
    account = "0d26daa6-5e44-4c97-a497-ef015f91254a"
    client = client_of("databricks", level="Account", account_host="accounts.azuredatabricks.net")
    assert client.authorization_uri == f"https://accounts.azuredatabricks.net/oidc/accounts/{account}/v1/authorize"
    assert client.token_uri == f"https://accounts.azuredatabricks.net/oidc/accounts/{account}/v1/token"
    assert client.userinfo_uri is None


def test_a_databricks_service_principal_asks_for_all_apis():
    assert client_of("databricks", "Service Account").scopes == ("all-apis",)
    assert client_of("databricks", "Service Account", scopes="sql").scopes == ("sql",)


def test_an_enterprise_server_has_its_own_addresses():
    client = client_of("github", github_host="git.acme.example")
    assert client.authorization_uri == "https://git.acme.example/login/oauth/authorize"
    assert client.userinfo_uri == "https://git.acme.example/api/v3/user"


def test_a_github_app_speaks_for_itself_with_its_key():
    client = client_of("github", "Service Account")
    assert client.token_uri == "https://api.github.com/app/installations/51234567/access_tokens"
    assert (client.service_grant, client.client_auth_method, client.revocation_uri) == ("github_app", "none", None)
    assert (client.private_key, client.client_secret) == (Secret(rsa_pem()), None)
    own = client_of("github", "Service Account", github_host="git.acme.example")
    assert own.token_uri == "https://git.acme.example/api/v3/app/installations/51234567/access_tokens"


@pytest.mark.parametrize(("app_type", "scopes"), [("OAuth App", ("repo",)), ("GitHub App", ())])
def test_only_an_oauth_app_asks_for_scopes(app_type, scopes):
    assert client_of("github", app_type=app_type, scopes="repo").scopes == scopes


def test_entra_takes_a_certificate_in_place_of_a_secret():
    client = client_of("msgraph", token_endpoint_auth_method="private_key_jwt", certificate=certificate_pem())
    assert (client.client_auth_method, client.client_secret) == ("private_key_jwt", None)
    assert (client.assertion_alg, client.certificate) == ("PS256", certificate_pem().strip())


@pytest.mark.parametrize(
    ("key", "scope"),
    [
        ("msgraph", "https://graph.microsoft.com/.default"),
        ("sharepoint", "https://contoso.sharepoint.com/.default"),
        ("azure-openai", "https://cognitiveservices.azure.com/.default"),
    ],
)
def test_each_microsoft_template_knows_its_resource(key, scope):
    assert client_of(key).scopes == (scope, "openid", "profile", "offline_access")
    assert client_of(key, "Service Account").scopes == (scope,)


def test_google_can_offer_one_domain_only():
    assert client_of("drive", hosted_domain="acme.example").extra_authorize == {
        "access_type": "offline",
        "hd": "acme.example",
    }


def test_an_audience_goes_where_auth0_wants_it():
    viewer = client_of("oidc", audience="https://api.example.com")
    assert (viewer.extra_authorize, viewer.extra_token) == ({"audience": "https://api.example.com"}, {})
    service = client_of("oidc", "Service Account", audience="https://api.example.com")
    assert service.extra_token == {"audience": "https://api.example.com"}


def test_a_custom_provider_may_have_habits():
    client = client_of(
        "custom",
        scope_separator="comma",
        response_style="form",
        send_scope_on_refresh="true",
        refresh_style="static",
        expires_in="900",
        issuer="https://provider.example.com",
        issuer_in_response="true",
        use_pkce="false",
        extra_authorize="prompt=login\nacr_values=2",
        extra_token="resource=https://api.example.com",
    )
    assert (client.scope_separator, client.response_style, client.send_scope_on_refresh) == (",", "form", True)
    assert (client.refresh_style, client.fixed_lifetime, client.issuer_in_response) == ("static", 900.0, True)
    assert (client.use_pkce, client.extra_authorize) == (False, {"prompt": "login", "acr_values": "2"})
    assert client.extra_token == {"resource": "https://api.example.com"}


def test_a_salesforce_service_account_names_no_scopes():
    client = client_of("salesforce", "Service Account")
    assert (client.scopes, client.send_scope_on_client_credentials) == ((), False)
