"""Snowflake: single-use tokens, roles with their case, consent for each role, delegated authorizations."""

import pytest

ANALYST = "refresh_token session:role:ANALYST"


async def test_tokens_of_ten_minutes_that_say_who(at):
    tokens = await at("snowflake").connect(ANALYST)
    assert (tokens["expires_in"], tokens["username"]) == (600, "ALICE")
    assert tokens["scope"] == ANALYST
    assert "refresh_token" not in await at("snowflake").connect("session:role:ANALYST")


async def test_a_used_refresh_token_ends_the_whole_grant(at):
    snowflake = at("snowflake")
    first = await snowflake.connect(ANALYST)
    second = (await snowflake.refresh(first["refresh_token"])).json()
    assert (await snowflake.whoami(first["access_token"])).status_code == 401
    assert (await snowflake.whoami(second["access_token"])).json()["role"] == "ANALYST"
    assert (await snowflake.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await snowflake.whoami(second["access_token"])).status_code == 401
    assert (await snowflake.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await snowflake.admin("GET", "/audit")).json() == {"refreshes": 3, "reused": 1, "families_revoked": 1}


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("session:role:analyst", "not granted"),
        ("session:role:SYSADMIN", "not granted"),
        ("session:role:ACCOUNTADMIN", "blocked"),
        ("session:role-any", "requested scope is invalid"),
        ("session:role:ANALYST session:role:PUBLIC", "requested scope is invalid"),
    ],
)
async def test_roles_that_are_refused(at, scope, words):
    back = (await at("snowflake").ask(f"refresh_token {scope}")).back
    assert back["error"] == "invalid_scope"
    assert words in back["error_description"]


async def test_a_blocked_default_role_is_refused_without_a_scope(at):
    snowflake = at("snowflake")
    assert (await snowflake.whoami((await snowflake.connect("refresh_token"))["access_token"])).json()[
        "role"
    ] == "PUBLIC"
    roles = {"roles": ["PUBLIC", "ACCOUNTADMIN"], "default_role": "ACCOUNTADMIN"}
    await snowflake.admin("PUT", "/users/alice", roles)
    assert (await snowflake.ask("refresh_token")).back["error"] == "invalid_scope"
    assert "code" in (await snowflake.ask("refresh_token session:role:PUBLIC")).back


async def test_consent_is_asked_once_a_role_and_signing_in_each_time(at):
    snowflake = at("snowflake")
    assert (await snowflake.ask(ANALYST)).pages == ["sign in", "consent"]
    assert (await snowflake.ask(ANALYST)).pages == ["sign in"]
    assert (await snowflake.ask("refresh_token session:role:PUBLIC")).pages == ["sign in", "consent"]


async def test_delegated_authorizations_skip_consent_and_not_signing_in(at):
    snowflake = at("snowflake")
    which = {"sub": "alice", "client_id": "tabard-snowflake"}
    assert (await snowflake.admin("PUT", "/delegated", {**which, "role": "ANALYST"})).status_code == 204
    assert (await snowflake.ask(ANALYST)).pages == ["sign in"]
    (shown,) = (await snowflake.admin("GET", "/delegated?sub=alice")).json()
    assert (shown["user_name"], shown["role_name"], shown["integration_status"]) == ("ALICE", "ANALYST", "ENABLED")
    assert (await snowflake.admin("GET", "/delegated?sub=bob")).json() == []
    one, two = await snowflake.connect(ANALYST), await snowflake.connect("refresh_token session:role:PUBLIC")
    assert (await snowflake.admin("DELETE", "/delegated", {**which, "role": "ANALYST"})).json() == {"removed": 1}
    alive = [(await snowflake.whoami(tokens["access_token"])).status_code for tokens in (one, two)]
    assert alive == [401, 200]
    assert (await snowflake.ask(ANALYST)).pages == ["sign in", "consent"]
    assert (await snowflake.admin("DELETE", "/delegated", which)).json() == {"removed": 2}
    assert (await snowflake.whoami(two["access_token"])).status_code == 401


async def test_pre_authorized_roles_of_an_integration(at):
    snowflake = at("snowflake")
    await snowflake.set(pre_authorized_roles=["ANALYST"])
    assert (await snowflake.ask(ANALYST)).pages == ["sign in"]
