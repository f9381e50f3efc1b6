import pytest

from integrations import catalog
from integrations.scopes import in_words, scopes_problem, with_resource

AZURE, SNOWFLAKE, GRAPH, CUSTOM = (catalog.load().get(key).data for key in ("azure", "snowflake", "msgraph", "custom"))


def test_scopes_are_said_in_words():
    assert in_words(SNOWFLAKE, "session:role:ANALYST") == "Act in the role ANALYST"
    assert in_words(SNOWFLAKE, "session:role-encoded:Night%20shift") == "Act in the role Night shift"
    assert in_words(GRAPH, "https://graph.microsoft.com/User.Read") == "See your profile at Microsoft"
    assert in_words(CUSTOM, "offline_access") == "Keep the connection until you end it"
    assert in_words(CUSTOM, "unheard:of") is None


def test_scopes_without_a_resource_get_the_templates():
    given = ["openid", ".default", "api://x/read"]
    assert with_resource(GRAPH, {}, given) == ["openid", "https://graph.microsoft.com/.default", "api://x/read"]
    assert with_resource(CUSTOM, {}, given) == given


@pytest.mark.parametrize(
    ("data", "value", "hint"),
    [
        (SNOWFLAKE, "refresh_token session:role-any", "session:role-any"),
        (SNOWFLAKE, "session:role:accountadmin", "never lets a connection use the role"),
        (SNOWFLAKE, "session:role-encoded:ORGADMIN", "never lets"),
        (SNOWFLAKE, "session:role:A session:role:B", "one role at most"),
        (AZURE, "openid https://a.example/.default https://b.example/.default", "one resource only"),
        (AZURE, "https://a.example/.default https://a.example/read", "/.default"),
        (GRAPH, "User.Read https://vault.azure.net/.default", "one resource only"),
        (CUSTOM, 'a "b"', "without quotes"),
    ],
)
def test_scopes_that_would_fail_at_the_vendor_are_told(data, value, hint):
    assert hint in scopes_problem(data, value, "Viewer", {})


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (SNOWFLAKE, "refresh_token session:role:Analyst"),
        (AZURE, "openid offline_access https://a.example/x https://a.example/y"),
        (GRAPH, "User.Read Mail.Read offline_access"),
    ],
)
def test_scopes_that_fit(data, value):
    assert scopes_problem(data, value, "Viewer", {}) is None


def test_a_service_account_at_entra_asks_for_one_resources_default():
    assert scopes_problem(AZURE, "https://a.example/.default openid", "Service Account", {}) is None
    assert "/.default" in scopes_problem(AZURE, "https://a.example/read", "Service Account", {})
    assert scopes_problem(GRAPH, ".default", "Service Account", {}) is None
