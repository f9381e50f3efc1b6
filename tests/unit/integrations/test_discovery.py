import httpx
import pytest

from integrations import catalog
from integrations.discovery import issuer_to_read, metadata_addresses, pinned, read_metadata
from integrations.settling import ConfigProblems

OIDC = catalog.load().get("oidc")
ISSUER = "https://sso.acme.example/realms/staff"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "revocation_endpoint": f"{ISSUER}/revoke",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "jwks_uri": f"{ISSUER}/certs",
    "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
    "authorization_response_iss_parameter_supported": True,
}
GIVEN = {"issuer": ISSUER, "client_id": "c", "client_secret": "s"}


def fill(stored=None, given=None, **changes):
    return pinned(OIDC.data, {**METADATA, **changes}, stored or {}, given or GIVEN, allow_local=False)


def refused(**arguments):
    with pytest.raises(ConfigProblems) as caught:
        fill(**arguments)
    return {problem.field: problem.message for problem in caught.value.problems}


def settled(config):
    return OIDC.settle(config, allow_local=False).config


def test_the_issuer_alone_makes_a_whole_client():
    config = settled(fill())
    client = OIDC.client(config, {"client_secret": "s"})
    assert (client.issuer, client.authorization_uri) == (ISSUER, f"{ISSUER}/auth")
    assert (client.token_uri, client.revocation_uri) == (f"{ISSUER}/token", f"{ISSUER}/revoke")
    assert (client.userinfo_uri, client.jwks_uri) == (f"{ISSUER}/userinfo", f"{ISSUER}/certs")
    assert (client.client_auth_method, client.issuer_in_response) == ("client_secret_post", True)


def test_what_is_pinned_is_not_read_again():
    stored = settled(fill())
    assert issuer_to_read(OIDC.data, {}, GIVEN) == ISSUER
    assert issuer_to_read(OIDC.data, stored, {"client_secret": "next"}) is None
    assert issuer_to_read(OIDC.data, stored, {**stored, "scopes": "openid"}) is None
    assert issuer_to_read(OIDC.data, stored, {**stored, "token_uri": ""}) == ISSUER
    assert issuer_to_read(catalog.load().get("custom").data, {}, GIVEN) is None
    assert issuer_to_read(OIDC.data, {}, {}) is None


def test_a_service_account_needs_no_authorization_address():
    service = {"issuer": ISSUER, "auth_type": "Service Account", "token_uri": f"{ISSUER}/token"}
    assert issuer_to_read(OIDC.data, {}, service) is None


def test_another_issuer_leaves_no_address_of_the_one_before():
    stored = settled(fill())
    other = {"issuer": "https://other.example", "authorization_endpoint": "https://other.example/a"}
    other["token_endpoint"] = "https://other.example/t"
    given = {**stored, "issuer": "https://other.example"}
    assert issuer_to_read(OIDC.data, stored, given) == "https://other.example"
    config = settled({**GIVEN, **stored, **pinned(OIDC.data, other, stored, given, allow_local=False)})
    assert "acme" not in str(config)
    assert config["token_uri"] == "https://other.example/t"


def test_an_address_that_was_entered_stays():
    mine = "https://sso.acme.example/mine"
    assert fill(given={**GIVEN, "token_uri": mine})["token_uri"] == mine


def test_an_address_on_another_host_must_be_confirmed():
    elsewhere = {"token_endpoint": "https://tokens.example.net/t"}
    assert "tokens.example.net" in refused(**elsewhere)["other_hosts"]
    given = {**GIVEN, "other_hosts": "Tokens.example.net"}
    assert fill(given=given, **elsewhere)["token_uri"] == "https://tokens.example.net/t"


@pytest.mark.parametrize(
    "address", ["http://sso.acme.example/t", "https://127.0.0.1/t", "https://a@sso.acme.example/t", "javascript:x"]
)
def test_an_address_must_be_one_that_we_would_take_from_a_person(address):
    assert "token_endpoint" in refused(token_endpoint=address)["issuer"]


def test_the_client_proves_itself_in_a_way_that_the_issuer_takes():
    given = {**GIVEN, "token_endpoint_auth_method": "client_secret_basic"}
    assert "client_secret_post, private_key_jwt" in refused(given=given)["token_endpoint_auth_method"]
    assert "token_endpoint_auth_method" not in fill(token_endpoint_auth_methods_supported=["tls_client_auth"])


def test_odd_members_are_left_out():
    config = fill(userinfo_endpoint=7, jwks_uri=None, authorization_response_iss_parameter_supported="yes")
    assert "userinfo_uri" not in config
    assert config["issuer_in_response"] == "false"


@pytest.mark.parametrize(
    ("issuer", "first", "second"),
    [
        (
            "https://a.example",
            "https://a.example/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://a.example/x/",
            "https://a.example/x/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server/x",
        ),
    ],
)
def test_metadata_is_looked_for_in_two_places(issuer, first, second):
    assert metadata_addresses(issuer) == (first, second)


async def test_metadata_is_read_without_any_credential(provider):
    provider.says(404)
    provider.says(200, json=METADATA)
    assert await read_metadata(provider.client, OIDC.data, ISSUER) == METADATA
    assert [request.url.path for request in provider.requests] == [
        "/realms/staff/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/realms/staff",
    ]
    assert "authorization" not in provider.requests[0].headers


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ({"json": {**METADATA, "issuer": ISSUER + "/"}}, "slash at the end"),
        ({"json": {**METADATA, "issuer": "https://evil.example"}}, "names another issuer"),
        ({"json": {}}, "names another issuer"),
        ({"content": b"<html>CANARY"}, "there is no metadata"),
        ({"status": 302, "headers": {"location": "https://evil.example"}}, "there is no metadata"),
    ],
)
async def test_metadata_of_somebody_else_is_refused(provider, answer, hint):
    provider.says(**answer)
    with pytest.raises(ConfigProblems, match=hint) as caught:
        await read_metadata(provider.client, OIDC.data, ISSUER)
    assert "CANARY" not in str(caught.value)
    assert "evil" not in str(caught.value)
    assert {str(request.url.host) for request in provider.requests} == {"sso.acme.example"}


async def test_a_silent_issuer_is_told(provider):
    provider.fails(httpx.ConnectError("down"))
    with pytest.raises(ConfigProblems, match="not reachable"):
        await read_metadata(provider.client, OIDC.data, ISSUER)


async def test_an_issuer_must_be_an_address(provider):
    with pytest.raises(ConfigProblems, match="must"):
        await read_metadata(provider.client, OIDC.data, "acme")
    assert provider.requests == []
