"""A client is tried before it is saved: by a service account's token, or by a code that must be refused."""

import httpx
import pytest

from integrations.catalog import load
from integrations.contract import ClientConfig
from integrations.settling import ConfigProblems
from integrations.template import Template
from server.oauth.trial import lifetime_in_words, merged, tried
from tests.unit.server.vault.house import CALLBACK, SECRET, House, config


@pytest.fixture
def custom() -> Template:
    found = load().get("custom")
    assert found
    return found


def client(custom: Template, **changes: object) -> ClientConfig:
    return merged(custom, config(**changes), {}, {}, allow_local=True)


async def test_a_service_account_signs_in(house: House, custom: Template) -> None:
    found = await tried(house.provider.client, client(custom, auth_type="Service Account", scopes="read"), CALLBACK)
    assert (found.good, found.words) == (True, "It gave a token that lives for 60 minutes.")
    house.provider.scope = "read"
    found = await tried(house.provider.client, client(custom, auth_type="Service Account", scopes="read"), CALLBACK)
    assert found.words.endswith("and the scopes read.")


async def test_a_viewers_client_is_known_by_what_it_refuses(house: House, custom: Template) -> None:
    assert (await tried(house.provider.client, client(custom), CALLBACK)).good is True
    wrong = await tried(house.provider.client, client(custom, client_secret="wrong"), CALLBACK)
    assert wrong.good is False
    assert "client ID and secret" in wrong.words
    house.provider.fault = lambda form: httpx.Response(500)
    unclear = await tried(house.provider.client, client(custom), CALLBACK)
    assert unclear.good is None
    assert "connect as you" in unclear.words
    house.provider.fault = lambda form: httpx.Response(200, json={"access_token": "a", "token_type": "bearer"})
    assert (await tried(house.provider.client, client(custom), CALLBACK)).good is None


async def test_where_this_server_signs_nobody_is_asked(house: House) -> None:
    nobody = ClientConfig(template="external-oauth", auth_type="Viewer", token_uri="", client_id="")
    assert (await tried(house.provider.client, nobody, CALLBACK)).good is True


def test_a_stored_secret_goes_nowhere_else(custom: Template) -> None:
    kept = {name: value for name, value in config().items() if name != "client_secret"}
    stored = {"client_secret": SECRET}
    same = merged(custom, {"scopes": "other", "client_secret": ""}, kept, stored, allow_local=True)
    assert same.client_secret is not None
    assert same.client_secret.reveal() == SECRET
    with pytest.raises(ConfigProblems):
        merged(custom, {"token_uri": "https://evil.example.com/token"}, kept, stored, allow_local=True)
    typed = {"token_uri": "https://other.example.com/token", "client_secret": "typed"}
    other = merged(custom, typed, kept, stored, allow_local=True)
    assert other.client_secret is not None
    assert other.client_secret.reveal() == "typed"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "without an end"),
        (20, "for 20 seconds"),
        (60, "for 1 minute"),
        (600, "for 10 minutes"),
        (3600, "for 60 minutes"),
        (86400, "for 24 hours"),
    ],
)
def test_lifetimes(seconds: float | None, words: str) -> None:
    assert lifetime_in_words(seconds) == words
