"""Events in sentences, told to those whom they concern and to others."""

import pytest

from server.audit.words import Names, sentence
from server.db.models import AuditEvent

NAMES = Names(
    people={"a": "Alice", "b": "Bob"}, content={"c": "Sales"}, integrations={"i": "Snowflake"}, roles={"x": "ANALYST"}
)
ALICE = {"subject": "a", "connection": "x", "integration": "i"}


@pytest.mark.parametrize(
    ("event", "you", "told"),
    [
        (AuditEvent(action="exchange_credentials", content="c", actor_guid="a", **ALICE), "a",
         "Sales used your Snowflake connection (role ANALYST)"),
        (AuditEvent(action="exchange_credentials", content="c", **ALICE), "b",
         "Sales used Alice’s Snowflake connection (role ANALYST)"),
        (AuditEvent(action="exchange_credentials", content="c", integration="i"), "",
         "Sales used Snowflake as its service account"),
        (AuditEvent(action="exchange_credentials", content="gone", subject="gone", integration="gone"), "",
         "Deleted content used the former connection of a deleted account"),
        (AuditEvent(action="connect_oauth_integration", actor_guid="a", data={"role": "X"}, **ALICE), "a",
         "You connected Snowflake (role X)"),
        (AuditEvent(action="end_oauth_session", data={"reason": "invalid_grant"}, **ALICE), "a",
         "Your Snowflake connection (role ANALYST) ended (invalid_grant)"),
        (AuditEvent(action="fail_oauth_refresh", connection="y", integration="i"), "",
         "A Snowflake connection could not be renewed (–)"),
        (AuditEvent(action="sign_in", subject="b"), "", "Bob signed in"),
        (AuditEvent(action="edit_schedule", content="c", actor_guid="b", actor="bob"), "",
         "Bob changed schedule of Sales"),
        (AuditEvent(action="remove_content", content="c", actor_guid="b"), "b", "You removed Sales"),
        (AuditEvent(action="add_api_key", actor_guid="g", actor="gone", data={"name": "ci"}), "",
         "Gone added API key “ci”"),
        (AuditEvent(action="tidy_up"), "", "Tabard: tidy up"),
    ],
)  # fmt: skip
def test_sentences(event: AuditEvent, you: str, told: str):
    assert sentence(event, NAMES, you=you) == told


def test_what_was_repeated_says_how_often():
    event = AuditEvent(action="exchange_credentials", data={"times": 31}, content="c")
    assert sentence(event, NAMES).endswith(", 31 times")
    assert "times" not in sentence(AuditEvent(action="exchange_credentials", data={"times": 1}, content="c"), NAMES)
