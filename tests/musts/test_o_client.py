"""MUSTs of our OAuth client: which answers it takes, whom it speaks to, and how (security.md 3.1)."""

import base64
import gzip
import json
import tracemalloc
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import httpx
import pytest

from integrations.contract import ClientConfig, Secret
from integrations.errors import AddressRefused
from integrations.grants.refresh import refresh
from integrations.http import OutboundClient, PinnedTransport
from server.db.models import Connection
from server.oauth.integrations import Draft
from server.web.errors import ApiError
from tests.musts.world import World, told
from tests.unit.server.vault.house import SECRET, House

HTML = httpx.Response(200, text="<html>Sign in</html>", headers={"Content-Type": "text/html"})


def answered(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        answered({}),
        answered([]),
        answered({"error": "bad_verification_code", "access_token": "x"}),
        answered({"access_token": ""}),
        answered({"access_token": None}),
        answered({"access_token": 123}),
        answered({"access_token": "x", "token_type": "mac"}),
        httpx.Response(200, content=b"x" * 10_000_000),
        httpx.Response(204),
    ],
    ids=["html", "empty", "list", "error", "blank", "null", "number", "mac", "huge", "204"],
)
async def test_o_12_only_a_bearer_token_in_an_object_counts(world: World, house: House, answer: httpx.Response):
    house.provider.fault = lambda _form: answer
    assert 400 <= (await world.consent(world.alice)).status_code < 600
    assert house.rows(Connection) == []
    house.provider.fault = lambda form: answered({"access_token": "good", "token_type": "BEARER"})
    assert (await world.consent(world.alice)).status_code == 303
    assert await world.token() == "good"


@pytest.mark.parametrize("kind", ["bomb", "cut"])
async def test_o_12_a_compressed_answer_is_bounded(kind: str):
    packed = gzip.compress(b"0" * 200_000_000, 1)
    body = packed if kind == "bomb" else packed[:1000]
    transport = httpx.MockTransport(
        lambda _request: httpx.Response(200, stream=httpx.ByteStream(body), headers={"Content-Encoding": "gzip"})
    )
    client = OutboundClient(allow_local=True, transport=transport)
    tracemalloc.start()
    try:
        with pytest.raises(Exception, match="provider"):
            await refresh(client, _config(), refresh_token=Secret("r"))
        assert tracemalloc.get_traced_memory()[1] < 64_000_000
    finally:
        tracemalloc.stop()
        await client.aclose()


def _config(**changes: Any) -> ClientConfig:
    base = {"template": "custom", "auth_type": "Viewer", "token_uri": "https://p.example.com/token", "client_id": "c"}
    return ClientConfig(**{**base, "client_secret": Secret("s"), **changes})


@pytest.mark.parametrize("odd", ["3600", 3600.5, "abc", -1, 1e15, None, True, "NaN", [], "9" * 400])
async def test_o_13_an_odd_lifetime_loses_no_token(world: World, house: House, odd: Any):
    await world.consent(world.alice)
    world.expire()

    def fault(form: dict[str, str]) -> httpx.Response:
        body = {"access_token": f"at-{form['refresh_token']}", "refresh_token": form["refresh_token"] + "+"}
        return answered(body if odd is None else {**body, "expires_in": odd})

    house.provider.fault = fault
    first = await world.token(force_refresh="true")
    house.time.ahead += 400 * 24 * 3600
    await world.token(force_refresh="true")
    sent = [form["refresh_token"] for form in house.provider.of("refresh_token")]
    assert first == f"at-{sent[0]}"
    assert sent[1] == sent[0] + "+"


@pytest.mark.parametrize("status", [302, 307, 308])
async def test_o_14_a_redirect_is_never_followed(world: World, house: House, status: int):
    await world.consent(world.alice)
    world.expire()
    house.provider.fault = lambda _: httpx.Response(status, headers={"Location": "https://evil.example.com/token"})
    answer = await world.exchange()
    assert answer.status_code in (502, 503)
    assert {form["host"] for _path, form in house.provider.requests} == {"provider.example.com"}
    assert house.connection().status == "connected"


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:80@evil/", "https://ok@evil.example/", "file:///etc/passwd", "javascript:alert(1)", "ftp://x/y",
        "https://idp.example/authorize?redirect_uri=https://evil&state=x", "https://idp.example/a#b", "https://",
        "https://idp.example/" + "x" * 2100, "//idp.example/a", "https://idp.example/a b", "https:\\\\idp.example",
    ],
)  # fmt: skip
async def test_o_15_an_endpoint_is_a_plain_https_address(world: World, house: House, address: str):
    for field in ("authorization_uri", "token_uri", "revocation_uri"):
        with pytest.raises(ApiError) as caught:
            await world.change(**{field: address})
        assert caught.value.status == 400
    assert house.rows(type(world.integration))[0].config_version == 1


@pytest.mark.parametrize(
    "found",
    [
        "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "0.0.0.0", "::",
        "127.0.0.1", "fe80::1", "::1", "100.100.100.200", "224.0.0.1",
    ],
)  # fmt: skip
async def test_o_16_an_address_behind_a_name_is_checked_at_each_connection(found: str):
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14", found] if asked else ["93.184.215.14"]

    asked: list[str] = []
    sent: list[str] = []

    def network(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.host)
        return answered({"access_token": "x"})

    inner = httpx.MockTransport(network)
    pinned = PinnedTransport(allow_local=False, resolve=resolve, inner=inner)
    client = OutboundClient(allow_local=False, transport=pinned)
    await refresh(client, _config(), refresh_token=Secret("r"))
    asked.append("the name answers differently now")
    with pytest.raises(AddressRefused):
        await refresh(client, _config(), refresh_token=Secret("r"))
    assert sent == ["93.184.215.14"]
    await client.aclose()


@pytest.mark.parametrize(
    "host",
    [
        "evil.test/?x=", "dbc.cloud.databricks.com@evil.test", "evil.test#", "a b", "..", "", "undefined", "evil.test",
        "x.cloud.databricks.com.evil.test", "2130706433", "https://u:p@x.cloud.databricks.com",
    ],
)  # fmt: skip
async def test_o_17_a_vendors_host_is_a_host_of_the_vendors(world: World, house: House, host: str):
    fields = {"client_id": "c", "client_secret": "s"}
    for template, field in (
        ("databricks", "workspace_host"), ("snowflake", "account_url"), ("salesforce", "sf_host_domain"),
        ("azure", "tenant_id"),
    ):  # fmt: skip
        if template == "azure" and host.endswith("evil.test") and "@" not in host:
            continue  # a directory may have any domain for its name
        draft = Draft(template=template, name="x", config={**fields, field: host, "scopes": "refresh_token"})
        with pytest.raises(ApiError) as caught:
            await house.integrations.create(world.admin.caller, draft)
        assert caught.value.status == 400, (template, host)
    assert house.provider.requests == []


async def test_o_18_the_client_shows_itself_exactly_as_configured():
    seen: list[httpx.Request] = []

    def network(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answered({"access_token": "x"})

    client = OutboundClient(allow_local=True, transport=httpx.MockTransport(network))
    name, secret = "a:b c", "p%s+/é"
    for method in ("client_secret_basic", "client_secret_post", "none"):
        config = _config(client_id=name, client_secret=Secret(secret), client_auth_method=method)
        await refresh(client, config, refresh_token=Secret("r"))
    basic, post, none = seen
    user, _, password = base64.b64decode(basic.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
    assert (unquote_plus(user), unquote_plus(password)) == (name, secret)
    assert parse_qs(post.content.decode())["client_secret"] == [secret]
    assert b"client_secret" not in none.content + basic.content
    assert all("authorization" not in request.headers for request in (post, none))
    assert all(not request.url.query for request in seen)
    await client.aclose()


async def test_o_36_a_refresh_token_is_kept_until_there_is_a_new_one(world: World, house: House):
    await world.consent(world.alice)
    given: list[Any] = [None, "", "second", 123, "third"]

    def fault(_form: dict[str, str]) -> httpx.Response:
        return answered({"access_token": f"at{len(given)}", "expires_in": 60, "refresh_token": given.pop(0)})

    house.provider.fault = fault
    for _ in range(5):
        world.expire()
        await world.token()
    sent = [form["refresh_token"] for form in house.provider.of("refresh_token")]
    assert sent[0] == sent[1] == sent[2]
    assert sent[3] == sent[4] == "second"


async def test_o_19_neither_refresh_token_nor_client_secret_leaves(
    world: World, house: House, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    await world.consent(world.alice)
    refresh_token = next(iter(house.provider.live))
    said = [caplog.text]
    for person in (world.admin, world.paula, world.alice):
        client = house.browser(key=person.key)
        for path in (
            "oauth/integrations", f"oauth/integrations/{world.integration.guid}", "oauth/templates", "oauth/sessions",
            "oauth/sessions?all=true", f"oauth/integrations/{world.integration.guid}/associations",
        ):  # fmt: skip
            answer = await client.get(f"/__api__/v1/{path}")
            said.append(answer.text + str(answer.headers))
    said.append(json.dumps((await world.exchange()).json()))
    said.extend(json.dumps(row.data) for row in await world.events("connect_oauth_integration"))
    said.append(house.path.read_bytes().decode("latin-1"))
    assert all(secret not in text for secret in (refresh_token, SECRET) for text in said)
    assert '"has_refresh_token":true' in said[-3] + "".join(said)


async def test_o_42_a_service_account_answers_no_viewer_and_no_viewer_it(world: World, house: House):
    await world.consent(world.alice)
    service = await house.integration(world.admin, auth_type="Service Account")
    await house.associate(world.paula, world.app, world.integration, service)
    own = house.handles.content(world.app.guid, f"instance-{world.app.guid}")
    content = {"subject_token": own, "subject_token_type": "urn:posit:connect:content-session-token"}
    assert told(await world.exchange(audience=service.guid))[0] == 400
    assert told(await world.exchange(audience=world.integration.guid, **content))[0] == 400
    assert (await world.token(audience=service.guid, **content)).startswith("at-service")
    assert (await world.token(audience=world.integration.guid)).startswith("at-alice")
