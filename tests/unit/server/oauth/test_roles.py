"""A role is one line of text, for vendors that have roles at all."""

from integrations.catalog import load
from server.oauth import roles


def test_what_may_be_asked_for():
    snowflake, custom = load().get("snowflake"), load().get("custom")
    assert (roles.takes_roles(snowflake), roles.takes_roles(custom), roles.takes_roles(None)) == (True, False, False)
    assert roles.problem(custom, "") is None
    assert roles.problem(None, "") is None
    assert "has no roles" in (roles.problem(custom, "ANALYST") or "")
    assert "no longer knows" in (roles.problem(None, "ANALYST") or "")
    assert roles.problem(snowflake, "Analyst") is None
    for wrong in ("A" * 300, " ANALYST", "A\nB", "accountadmin"):
        assert roles.problem(snowflake, wrong)
