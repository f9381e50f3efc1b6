"""Addresses of repositories: their form, and where their hosts are."""

import pytest

from integrations.http import OutboundClient
from runners.repositories.location import Location
from server.repository.address import changes_from, checked_repository, pins
from server.web.body import Fields
from server.web.errors import ApiError


async def test_git_is_told_where_the_host_is():
    async def resolve(host: str, _port: int) -> list[str]:
        return {"good.example.org": ["93.184.216.34", "2606:2800::1"]}.get(host, ["127.0.0.1"])

    client = OutboundClient(allow_local=False, resolve=resolve)
    found = await pins(client, Location("https://good.example.org:8443/x", "main", "."))
    assert found == ("good.example.org:8443:93.184.216.34,[2606:2800::1]",)
    with pytest.raises(ApiError, match="loopback"):
        await pins(client, Location("https://rebound.example.org/x", "main", "."))
    assert await pins(client, Location("file:///x", "main", ".")) == ()
    await client.aclose()


@pytest.mark.parametrize("url", ["https://example.org/a/b.git", "https://git.example.org:8443/a"])
def test_what_may_be_fetched(url: str):
    assert checked_repository(url, allow_local=False) == url


@pytest.mark.parametrize("url", ["file:///srv/x", "http://localhost:80/x", "https://127.0.0.1/x"])
def test_this_machine_only_where_settings_say_so(url: str):
    assert checked_repository(url, allow_local=True) == url
    with pytest.raises(ApiError):
        checked_repository(url, allow_local=False)


@pytest.mark.parametrize("url", ["file://host/x", "file:///a/../b", "file:///a/%2e%2e/b", "https://a@b/c", "x" * 3000])
def test_what_may_never_be_fetched(url: str):
    with pytest.raises(ApiError):
        checked_repository(url, allow_local=True)


def test_null_says_nothing():
    assert changes_from(Fields({"repository": None, "branch": None, "polling": None}), allow_local=False) == {}
