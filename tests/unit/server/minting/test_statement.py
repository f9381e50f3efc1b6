"""The statements that make a warehouse trust us, word by word as in seed 002."""

import dataclasses

from server.minting.statement import alter_keys, create, quoted
from server.minting.terms import terms_of

TERMS = terms_of(
    {"audiences": "https://a.example.com https://b.example.com"}, "https://here.example.org/__oauth__/issuers/g"
)


def test_the_statement_of_the_seed_with_our_values():
    assert create(TERMS, ["MIIB"]) == (
        "create security integration external_oauth_custom\n"
        "    type = external_oauth\n"
        "    enabled = true\n"
        "    external_oauth_type = custom\n"
        "    external_oauth_issuer = 'https://here.example.org/__oauth__/issuers/g'\n"
        "    external_oauth_rsa_public_key = 'MIIB'\n"
        "    external_oauth_audience_list = ('https://a.example.com', 'https://b.example.com')\n"
        "    external_oauth_scope_mapping_attribute = 'scp'\n"
        "    external_oauth_token_user_mapping_claim = 'upn'\n"
        "    external_oauth_snowflake_user_mapping_attribute = 'login_name'\n"
        "    external_oauth_any_role_mode = 'DISABLE';"
    )


def test_a_second_key_and_a_delimiter_are_there_when_they_count():
    terms = dataclasses.replace(TERMS, scope_claim="scope", scope_delimiter=" ")
    said = create(terms, ["ONE", "TWO"])
    assert "external_oauth_rsa_public_key_2 = 'TWO'" in said
    assert "external_oauth_scope_mapping_attribute = 'scope'\n    external_oauth_scope_delimiter = ' '" in said


def test_each_step_of_a_rotation_has_a_statement():
    both = alter_keys(["ONE", "TWO"])
    assert both.startswith("alter security integration external_oauth_custom set\n")
    assert "external_oauth_rsa_public_key_2 = 'TWO';" in both
    assert alter_keys(["ONE"]).endswith("unset external_oauth_rsa_public_key_2;")


def test_no_value_leaves_its_quotes():
    assert quoted("a'; drop integration b; --\\") == "'a''; drop integration b; --\\\\'"
