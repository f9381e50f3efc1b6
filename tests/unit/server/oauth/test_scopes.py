"""Scopes in words: those we know, a role's by its name, whole services by theirs, and the rest as they are."""

import pytest

from integrations.catalog import load
from server.oauth.scopes import Said, in_words


@pytest.mark.parametrize(
    ("vendor", "scope", "words"),
    [
        ("snowflake", "refresh_token", "Keep the connection until you end it"),
        ("snowflake", "session:role:Analyst", "Act in the role Analyst"),
        ("bigquery", "https://www.googleapis.com/auth/bigquery.readonly", "Read your data in BigQuery"),
        ("azure", "https://graph.microsoft.com/User.Read", "See your profile at Microsoft"),
        ("azure", "https://database.windows.net/.default", "Use database.windows.net as far as you may"),
    ],
)
def test_known_ones(vendor: str, scope: str, words: str):
    raw = "" if scope == "refresh_token" else scope
    assert in_words(scope, load().get(vendor)) == Said(words, raw)


def test_unknown_ones_stay_as_they_are():
    assert in_words("rows.read", load().get("custom")) == Said("rows.read")
    assert in_words("session:role:ANALYST", load().get("custom")) == Said("session:role:ANALYST")
    assert in_words("session:role:ANALYST", None) == Said("session:role:ANALYST")
