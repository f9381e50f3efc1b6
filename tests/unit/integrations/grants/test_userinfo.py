import httpx
import pytest

from integrations.contract import Secret
from integrations.grants.userinfo import Account, account_of

URI = "https://idp.example.com/userinfo"


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"sub": "1", "email": "alice@example.com"}, "alice@example.com"),
        ({"login": "octocat", "email": "o@example.com", "id": 1}, "octocat"),
        ({"userName": "bob@example.com", "id": "7"}, "bob@example.com"),
        ({"sub": "1"}, "1"),
        ({}, None),
        ([], None),
    ],
)
async def test_the_account_is_named(provider, make_config, members, name):
    provider.says(200, json=members)
    assert (await account_of(provider.client, make_config(userinfo_uri=URI), Secret("at"))).name == name


async def test_a_failing_userinfo_costs_only_the_name(provider, make_config):
    config = make_config(userinfo_uri=URI)
    for status, content in [(500, b""), (401, b'{"sub": "x"}'), (200, b"<html>")]:
        provider.says(status, content=content)
    provider.fails(httpx.ReadTimeout("slow"))
    for _ in range(4):
        assert await account_of(provider.client, config, Secret("at")) == Account()
    assert await account_of(provider.client, make_config(), Secret("at")) == Account()


async def test_the_account_has_the_issuers_subject_or_the_vendors_id(provider, make_config):
    provider.says(200, json={"sub": "1", "id": 583231, "login": "octocat"})

    async def subject(**changes):
        config = make_config(userinfo_uri=URI, **changes)
        return (await account_of(provider.client, config, Secret("at"))).subject

    assert await subject(issuer="https://idp.example.com") == "https://idp.example.com 1"
    assert await subject(subject_members=("id",)) == "583231"
    assert await subject() is None
