"""The consent round trip and the attacks on it (security.md O-01 to O-11, O-32, O-38, O-39; T-01 to T-19)."""

import base64
import hashlib
import re
import secrets

import httpx
import pytest

from server.db.models import Connection, Flow, Integration
from server.oauth.integrations import Draft
from tests.unit.server.vault.house import CALLBACK, CANARY, House, challenge_of

SITE = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:3939"}
BACK = "/__oauth__/integrations/callback"


class World:
    """An app with a viewer integration, and Alice and Bob who may see it."""

    async def build(self, house: House, **content):
        self.house = house
        self.admin = await house.person("admin", "administrator")
        self.alice, self.bob = await house.person("alice"), await house.person("bob")
        self.integration = await house.integration(self.admin, **content.pop("config", {}))
        self.app = await house.content(self.admin, **content)
        await house.associate(self.admin, self.app, self.integration)
        return self

    @property
    def login(self) -> str:
        return f"/__oauth__/integrations/{self.integration.guid}/login"

    async def start(self, browser: httpx.AsyncClient, person, headers=SITE, **fields) -> httpx.Response:
        form = {
            "csrf": self.house.csrf.token(person.caller.credential),
            "next": f"/content/{self.app.guid}/",
            "content": self.app.guid,
            **fields,
        }
        return await browser.post(self.login, data=form, headers=headers)

    async def begun(self, browser: httpx.AsyncClient, person) -> tuple[str, str]:
        """Start, and get a code as the provider would; returns state and code."""
        reply = await self.start(browser, person)
        assert reply.status_code == 303, reply.text
        asked = challenge_of(reply.headers["location"])
        code = f"{person.caller.username}-{secrets.token_hex(8)}"
        self.house.provider.challenges[code] = asked["code_challenge"]
        return asked["state"], code

    @property
    def redeemed(self) -> int:
        return len(self.house.provider.of("authorization_code"))


@pytest.fixture
async def world(house: House) -> World:
    return await World().build(house)


async def test_a_consent_comes_back_to_the_content_with_a_connection(world, house):
    browser = house.browser(world.alice.cookie)
    reply = await world.start(browser, world.alice)
    asked = challenge_of(reply.headers["location"])
    assert reply.headers["location"].startswith("https://provider.example.com/authorize?")
    assert asked["redirect_uri"] == CALLBACK
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["scope"] == "read offline_access"
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/__oauth__" in cookie
    house.provider.challenges["alice-code"] = asked["code_challenge"]
    back = await browser.get(BACK, params={"code": "alice-code", "state": asked["state"]})
    assert (back.status_code, back.headers["location"]) == (303, f"/content/{world.app.guid}/")
    for answer in (reply, back):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
    verifier = house.provider.of("authorization_code")[0]["code_verifier"]
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert hashed == asked["code_challenge"]
    issued = await house.vault.tokens.access_token(world.alice.id, world.integration.id)
    assert issued.access_token.reveal().startswith("at-alice-")
    actions = await house.actions()
    assert "start_oauth_consent" in actions
    assert "connect_oauth_integration" in actions


async def test_a_state_is_used_once(world, house):
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 303
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 400
    assert world.redeemed == 1


@pytest.mark.parametrize("whose", ["nobody", "bob", "alice elsewhere"])
async def test_another_browser_cannot_finish_a_flow(world, house, whose):
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    cookie = {"nobody": None, "bob": world.bob.cookie, "alice elsewhere": world.alice.cookie}[whose]
    stranger = house.browser(cookie)
    if cookie is not None:
        await world.begun(stranger, world.bob if whose == "bob" else world.alice)
    reply = await stranger.get(BACK, params={"code": code, "state": state})
    assert reply.status_code in (400, 403)
    assert world.redeemed == 0
    assert house.rows(Connection) == []
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 303


async def test_a_change_of_person_in_the_same_browser_is_refused(world, house):
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    browser.cookies.delete("tabard_session")
    browser.cookies.set("tabard_session", world.bob.cookie)
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 403
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 400
    assert world.redeemed == 0
    assert house.rows(Connection) == []


async def test_a_new_session_of_the_same_person_starts_anew(world, house):
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    cookie, _ = await house.sessions.open(world.alice.id, address="", user_agent="")
    browser.cookies.delete("tabard_session")
    browser.cookies.set("tabard_session", cookie)
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 403
    assert world.redeemed == 0


async def test_a_flow_ends_after_ten_minutes(world, house):
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    house.time.ahead = 601
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 400
    assert world.redeemed == 0


@pytest.mark.parametrize(
    "query",
    [
        "state={s}",
        "code={c}",
        "access_token=x&state={s}",
        "code={c}&state={s}&state={s}",
        "code={c}&code=other&state={s}",
        "code={c}&error=access_denied&state={s}",
        "code={c}&state=",
        "code={c}&state={t}",
        "code={c}&state={s}x",
        "code={c}&state={u}",
        "",
        "%ff%fe=1&state={s}&code={c}",
    ],
)
async def test_a_malformed_answer_is_refused_and_spoils_nothing(world, house, query):
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    text = query.format(s=state, c=code, t=state[:-1], u=state.swapcase())
    reply = await browser.get(f"{BACK}?{text}")
    assert reply.status_code == 400
    assert world.redeemed == 0
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 303


async def test_other_methods_do_not_consume_a_state(world, house):
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    for method in ("HEAD", "POST", "PUT"):
        reply = await browser.request(method, BACK, params={"code": code, "state": state})
        assert reply.status_code == 405
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 303


async def test_declining_shows_what_happened_and_offers_to_try_again(world, house):
    browser = house.browser(world.alice.cookie)
    state, _ = await world.begun(browser, world.alice)
    evil = "<img src=x onerror=1>\u202e"
    params = {"error": "access_denied", "error_description": evil, "state": state}
    reply = await browser.get(BACK, params=params)
    assert reply.status_code == 403
    assert "You said no" in reply.text
    assert "Try again" in reply.text
    assert "<img src=x" not in reply.text
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert (await browser.get(BACK, params=params)).status_code == 400
    assert world.redeemed == 0
    # The page was sent with no-referrer, so its form says Origin: null.
    again = await world.start(browser, world.alice, {"Sec-Fetch-Site": "same-origin", "Origin": "null"})
    assert again.status_code == 303
    assert "decline_oauth_consent" in await house.actions()


async def test_a_providers_error_is_shown_escaped_and_short(world, house):
    browser = house.browser(world.alice.cookie)
    state, _ = await world.begun(browser, world.alice)
    params = {"error": "server_error", "error_description": "<b>" + "x" * 5000, "state": state}
    reply = await browser.get(BACK, params=params)
    assert reply.status_code == 400
    assert "&lt;b&gt;xxx" in reply.text
    assert "x" * 300 not in reply.text


async def test_a_configuration_that_changed_meanwhile_stops_the_flow(world, house):
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    draft = Draft(config={"token_uri": "https://evil.example.com/token"}, sent=frozenset({"config"}))
    await house.integrations.change(world.admin.caller, world.integration.guid, draft)
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 409
    assert "fail_oauth_consent" in await house.actions()
    assert house.provider.requests == []


async def test_a_foreign_issuer_is_refused(house):
    world = await World().build(house, config={"issuer": "https://provider.example.com"})
    browser = house.browser(world.alice.cookie)
    for issuer in ("https://provider.example.com/", "https://PROVIDER.example.com", ""):
        state, code = await world.begun(browser, world.alice)
        reply = await browser.get(BACK, params={"code": code, "state": state, "iss": issuer})
        assert reply.status_code == 400
    assert world.redeemed == 0
    state, code = await world.begun(browser, world.alice)
    good = {"code": code, "state": state, "iss": "https://provider.example.com"}
    assert (await browser.get(BACK, params=good)).status_code == 303


async def test_a_code_of_another_client_is_refused_by_pkce(world, house):
    browser = house.browser(world.alice.cookie)
    state, _ = await world.begun(browser, world.alice)
    house.provider.challenges["stolen"] = "other"
    assert (await browser.get(BACK, params={"code": "stolen", "state": state})).status_code == 400
    assert house.rows(Connection) == []


async def test_the_provider_in_trouble_is_said_on_a_page(world, house):
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    house.provider.fault = lambda _: httpx.Response(500, text="internal: db01")
    reply = await browser.get(BACK, params={"code": code, "state": state})
    assert reply.status_code == 502
    assert "db01" not in reply.text
    assert house.rows(Connection) == []


@pytest.mark.parametrize("odd", ["+/=%#&", "ü", "x" * 8000])
async def test_codes_travel_byte_for_byte(world, house, odd):
    browser = house.browser(world.alice.cookie)
    reply = await world.start(browser, world.alice)
    asked = challenge_of(reply.headers["location"])
    house.provider.challenges[f"alice-{odd}"] = asked["code_challenge"]
    back = await browser.get(BACK, params={"code": f"alice-{odd}", "state": asked["state"]})
    assert back.status_code == 303
    assert house.provider.of("authorization_code")[0]["code"] == f"alice-{odd}"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "same-origin", None])
async def test_opening_the_login_address_only_shows_a_button(world, house, site):
    browser = house.browser(world.alice.cookie)
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    reply = await browser.get(world.login, params={"content": world.app.guid}, headers=headers)
    assert reply.status_code == 200
    assert "Connect Warehouse" in reply.text
    assert re.search(r'method="post" action="[^"]*/login"', reply.text)
    assert reply.headers["x-frame-options"] == "DENY"
    assert house.rows(Flow) == []


async def test_secrets_that_do_not_open_are_a_page_and_not_a_crash(world, house):
    with house.change(Integration) as rows:
        rows[0].sealed_secrets = rows[0].sealed_secrets[:-1] + b"x"
    browser = house.browser(world.alice.cookie)
    assert (await browser.get(world.login, params={"content": world.app.guid})).status_code == 502
    assert (await world.start(browser, world.alice)).status_code == 502


async def test_nobody_is_sent_to_sign_in_and_comes_back(world, house):
    reply = await house.browser().get(world.login, params={"content": world.app.guid})
    assert reply.status_code == 303
    assert reply.headers["location"].startswith("/__login__?next=%2F__oauth__%2Fintegrations%2F")
    assert f"content%3D{world.app.guid}" in reply.headers["location"]


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        (SITE, "wrong"),
        (SITE, None),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, "right"),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, "right"),
        ({"Origin": "null"}, "right"),
        ({}, "right"),
    ],
)
async def test_only_our_own_page_can_start_a_consent(world, house, headers, token):
    browser = house.browser(world.alice.cookie)
    fields = {} if token == "right" else {"csrf": token or ""}
    reply = await world.start(browser, world.alice, headers, **fields)
    assert reply.status_code == 403
    assert house.rows(Flow) == []


async def test_what_may_not_be_seen_cannot_be_connected(house):
    world = await World().build(house, access_type="acl")
    other = await house.integration(world.admin)
    browser = house.browser(world.alice.cookie)
    assert (await browser.get(world.login, params={"content": world.app.guid})).status_code == 404
    assert (await browser.get(world.login)).status_code == 404
    assert (await browser.get(f"/__oauth__/integrations/{other.guid}/login")).status_code == 404
    assert (await browser.get("/__oauth__/integrations/nonsense/login")).status_code == 404
    assert (await world.start(browser, world.alice)).status_code == 404
    publisher = house.browser(world.admin.cookie)
    assert (await publisher.get(world.login)).status_code == 200


async def test_a_service_account_needs_no_sign_in(world, house):
    service = await house.integration(world.admin, auth_type="Service Account")
    await house.associate(world.admin, world.app, world.integration, service)
    reply = await house.browser(world.alice.cookie).get(f"/__oauth__/integrations/{service.guid}/login")
    assert reply.status_code == 400


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "////evil.example",
        "/\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
        "/x\r\nSet-Cookie: a=b",
        "evil",
        "",
        "/" + "x" * 5000,
    ],
)
async def test_the_way_back_is_always_a_path_of_ours(world, house, wanted):
    browser = house.browser(world.alice.cookie)
    reply = await world.start(browser, world.alice, next=wanted)
    asked = challenge_of(reply.headers["location"])
    house.provider.challenges["alice-code"] = asked["code_challenge"]
    back = await browser.get(BACK, params={"code": "alice-code", "state": asked["state"]})
    assert back.headers["location"] == f"/content/{world.app.guid}/"


async def test_pending_flows_are_capped_and_the_newest_completes(world, house):
    browser = house.browser(world.alice.cookie)
    states = [(await world.begun(browser, world.alice)) for _ in range(15)]
    assert len({state for state, _ in states}) == 15
    assert len(house.rows(Flow)) == 10
    state, code = states[-1]
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 303
    house.time.ahead = 700
    await world.begun(browser, world.alice)
    assert len(house.rows(Flow)) == 1


async def test_states_are_opaque_and_stored_only_as_hashes(world, house):
    browser = house.browser(world.alice.cookie)
    state, _ = await world.begun(browser, world.alice)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", state)
    flow = house.rows(Flow)[0]
    assert state not in str(flow)
    assert browser.cookies["tabard_flow"] not in str(flow)


async def test_consenting_again_keeps_the_connections_guid_and_notes_another_account(world, house):
    browser = house.browser(world.alice.cookie)
    await house.connected(world.alice, world.integration)
    with house.change(Connection) as rows:
        rows[0].account = "another"
        guid = rows[0].guid
    state, code = await world.begun(browser, world.alice)
    await browser.get(BACK, params={"code": code, "state": state})
    assert house.connection().guid == guid
    assert house.connection().version == 2


async def test_missing_scopes_are_said_and_nothing_is_handed_out(world, house):
    browser = house.browser(world.alice.cookie)
    house.provider.scope = "offline_access"
    state, code = await world.begun(browser, world.alice)
    assert (await browser.get(BACK, params={"code": code, "state": state})).status_code == 303
    assert house.connection().status_reason == "missing_scopes: read"


async def test_pages_hold_no_secret(world, house, caplog):
    caplog.set_level("DEBUG")
    browser = house.browser(world.alice.cookie)
    state, code = await world.begun(browser, world.alice)
    pages = [
        await browser.get(world.login),
        await browser.get(BACK, params={"code": code, "state": state}),
        await browser.get(BACK, params={"code": code, "state": state}),
    ]
    verifier = house.provider.of("authorization_code")[0]["code_verifier"]
    for secret in (CANARY, "CANARY-client-secret", verifier):
        assert all(secret not in page.text + str(page.headers) for page in pages)
        assert secret not in caplog.text
    assert all(code not in page.text and state not in page.text for page in pages)
