import re

import pytest

from integrations import catalog
from integrations.roles import role_of, role_scope

SNOWFLAKE = catalog.load().get("snowflake")
CONFIG = {
    "account_url": "https://acme.snowflakecomputing.com",
    "client_id": "id",
    "scopes": "refresh_token session:role:REPORTER",
}


def scopes(role=""):
    client = SNOWFLAKE.client(CONFIG, {"client_secret": "s"}, role)
    return client.role, client.scopes


def test_a_role_is_one_more_scope_and_keeps_its_case():
    assert scopes("Analyst") == ("Analyst", ("refresh_token", "session:role:Analyst"))


def test_without_a_role_the_plain_scopes_count():
    assert scopes() == ("", ("refresh_token", "session:role:REPORTER"))


def test_a_name_with_odd_characters_is_encoded():
    assert scopes("Night shift")[1] == ("refresh_token", "session:role-encoded:Night%20shift")


@pytest.mark.parametrize("role", ["ANALYST", "my role", "a/b"])
def test_a_scope_tells_its_role(role):
    assert role_of(SNOWFLAKE.data.roles, role_scope(SNOWFLAKE.data.roles, role)) == role


@pytest.mark.parametrize("role", ["ACCOUNTADMIN", "SecurityAdmin", "ORGADMIN", "x" * 256, " A", "A\nB"])
def test_a_role_that_cannot_be_asked_for_is_refused_with_a_sentence(role):
    problem = SNOWFLAKE.role_problem(role)
    assert problem
    assert problem.endswith(".")
    with pytest.raises(ValueError, match=re.escape(problem)):
        SNOWFLAKE.client(CONFIG, {}, role)


def test_only_some_vendors_have_roles():
    assert SNOWFLAKE.takes_roles
    assert not catalog.load().get("github").takes_roles
    assert catalog.load().get("github").role_problem("admin") == "GitHub has no roles to choose from."
    assert catalog.load().get("github").role_problem("") is None
