"""A role is one line of text, for vendors that have roles at all."""

from integrations.catalog import load
from server.oauth import roles


def test_what_may_be_asked_for():
    snowflake, custom = load().get("snowflake"), load().get("custom")
    assert roles.problem(custom, "") is None
    assert "has no roles" in (roles.problem(custom, "ANALYST") or "")
    assert "has no roles" in (roles.problem(None, "ANALYST") or "")
    if roles.takes_roles(snowflake):
        assert roles.problem(snowflake, "Analyst") is None
        for wrong in ("A" * 300, " ANALYST", "A\nB"):
            assert roles.problem(snowflake, wrong)
