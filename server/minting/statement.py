"""The SQL that makes a warehouse trust an integration's tokens, with this integration's values in it (seed 002)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.minting.terms import Terms

NAME: Final = "external_oauth_custom"


def quoted(text: str) -> str:
    """A string literal of Snowflake's SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _keys(public_keys: Sequence[str]) -> list[str]:
    names = ("external_oauth_rsa_public_key", "external_oauth_rsa_public_key_2")
    return [f"{name} = {quoted(key)}" for name, key in zip(names, public_keys, strict=False)]


def create(terms: Terms, public_keys: Sequence[str]) -> str:
    """`create security integration ...` of the seed; a second public key is there while keys overlap.

    `public_keys` are PEMs without header lines, the one that signs first.
    """
    audiences = ", ".join(quoted(audience) for audience in terms.audiences)
    scopes = [f"external_oauth_scope_mapping_attribute = {quoted(terms.scope_claim)}"]
    if terms.scope_claim == "scope":
        scopes.append(f"external_oauth_scope_delimiter = {quoted(terms.scope_delimiter)}")
    lines = [
        f"create security integration {NAME}",
        "type = external_oauth",
        "enabled = true",
        "external_oauth_type = custom",
        f"external_oauth_issuer = {quoted(terms.issuer)}",
        *_keys(public_keys),
        f"external_oauth_audience_list = ({audiences})",
        *scopes,
        f"external_oauth_token_user_mapping_claim = {quoted(terms.user_claim)}",
        f"external_oauth_snowflake_user_mapping_attribute = {quoted(terms.warehouse_attribute)}",
        f"external_oauth_any_role_mode = {quoted(terms.any_role_mode)}",
    ]
    return "\n    ".join(lines) + ";"


def alter_keys(public_keys: Sequence[str]) -> str:
    """`alter security integration ...` that makes exactly these keys count, for each step of a rotation."""
    lines = [f"alter security integration {NAME} set", *_keys(public_keys)]
    statement = "\n    ".join(lines) + ";"
    if len(public_keys) == 1:
        statement += f"\nalter security integration {NAME} unset external_oauth_rsa_public_key_2;"
    return statement
