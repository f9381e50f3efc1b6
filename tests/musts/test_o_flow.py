"""MUSTs of the consent: who may start and finish it, and what its answers may be (security.md 3.1)."""

import base64
import binascii
import hashlib
import re
import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from server.connect.flows import new_token
from server.db.models import Connection, Flow
from server.oauth.integrations import Draft
from server.web.errors import ApiError
from tests.musts.world import BACK, World
from tests.unit.server.vault.house import CALLBACK, House, challenge_of

ISSUER = "https://provider.example.com"
OPEN_REDIRECTS = (
    "//evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "/%09/evil.example", "?x", "#x",
    "https:evil.example", "https://evil.example", "http://localhost:3939@evil.example/", "javascript:alert(1)",
    "/@evil.example:8080//x", "\t//evil.example", "/\t/evil.example", "//localhost:3939//evil.example",
    "http://localhost:3939//evil.example", "/x\r\nLocation: https://evil.example", "/\u2215evil.example",
    " //evil.example", "///evil.example", "/./\\evil.example", "data:text/html,x", "///\\;@evil.example",
    "/ /evil.example", "/\n/evil.example", "//%5cevil.example", "//google%E3%80%82example", "..//evil.example",
)  # fmt: skip


@pytest.mark.parametrize("how", ["no cookies", "another's browser", "her other browser", "eleven minutes later"])
async def test_o_01_a_state_is_bound_to_browser_person_and_time(world: World, house: House, how: str):
    browser = world.browser(world.alice)
    answer = await world.begun(browser, world.alice)
    if how == "eleven minutes later":
        house.time.ahead = 660
    elif how == "no cookies":
        browser = house.browser()
    else:
        browser = world.browser(world.bob if how == "another's browser" else world.alice)
    assert (await browser.get(BACK, params=answer)).status_code in (400, 403)
    assert (world.redeemed, house.rows(Connection)) == (0, [])


async def test_o_01_a_state_is_used_once(world: World):
    browser = world.browser(world.alice)
    answer = await world.begun(browser, world.alice)
    assert (await browser.get(BACK, params=answer)).status_code == 303
    assert (await browser.get(BACK, params=answer)).status_code == 400
    assert world.redeemed == 1


async def test_o_02_states_are_random_and_say_nothing(world: World):
    browser = world.browser(world.alice)
    states = [(await world.begun(browser, world.alice))["state"] for _ in range(5)] + [new_token() for _ in range(1000)]
    assert len(set(states)) == len(states)
    for state in states:
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", state)
        inside = base64.urlsafe_b64decode(state + "=")
        for name in (world.alice.guid, "alice", world.integration.guid, "http"):
            assert name.encode() not in inside
            assert binascii.hexlify(name.encode()) not in inside


async def test_o_03_another_person_in_the_same_browser_finishes_nothing(world: World, house: House):
    browser = world.browser(world.alice)
    answer = await world.begun(browser, world.alice)
    browser.cookies.delete("tabard_session")
    browser.cookies.set("tabard_session", world.bob.cookie)
    assert (await browser.get(BACK, params=answer)).status_code == 403
    assert (world.redeemed, house.rows(Connection)) == (0, [])


async def test_o_04_every_flow_has_pkce_of_its_own(world: World, house: House, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    browser, challenges = world.browser(world.alice), []
    for _ in range(2):
        reply = await world.start(browser, world.alice)
        asked = challenge_of(reply.headers["location"])
        assert asked["code_challenge_method"] == "S256"
        challenges.append(asked["code_challenge"])
        code = f"alice-{len(challenges)}"
        house.provider.challenges[code] = asked["code_challenge"]
        back = await browser.get(BACK, params={"code": code, "state": asked["state"]})
        verifier = house.provider.of("authorization_code")[-1]["code_verifier"]
        assert 43 <= len(verifier) <= 128
        hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        assert hashed == asked["code_challenge"]
        seen = "".join((reply.text, str(reply.headers), back.text, str(back.headers), caplog.text))
        assert verifier not in seen
    assert challenges[0] != challenges[1]


@pytest.mark.parametrize("query", ["access_token=X", "id_token=X", "access_token=X&token_type=bearer&expires_in=1"])
async def test_o_05_tokens_in_an_answer_are_not_looked_at(world: World, house: House, query: str):
    browser = world.browser(world.alice)
    reply = await world.start(browser, world.alice)
    asked = challenge_of(reply.headers["location"])
    assert asked["response_type"] == "code"
    assert (await browser.get(f"{BACK}?{query}&state={asked['state']}")).status_code == 400
    assert (world.redeemed, house.rows(Connection)) == (0, [])


@pytest.mark.parametrize("error", [False, True])
@pytest.mark.parametrize("iss", ["http://localhost:9", "https://provider.example.com/", "HTTPS://PROVIDER.EXAMPLE.COM"])
async def test_o_06_another_issuer_aborts(house: House, iss: str, error: bool):
    world = await World(house).build(issuer="https://provider.example.com")
    browser = world.browser(world.alice)
    answer = await world.begun(browser, world.alice)
    if error:
        answer = {"state": answer["state"], "error": "access_denied"}
    assert (await browser.get(BACK, params={**answer, "iss": iss})).status_code == 400
    assert (world.redeemed, house.rows(Connection)) == (0, [])
    answer = await world.begun(browser, world.alice)
    good = {**answer, "iss": "https://provider.example.com"}
    assert (await browser.get(BACK, params=good)).status_code == 303


async def test_o_07_a_code_goes_nowhere_but_to_the_provider_that_was_asked(house: House):
    world = await World(house).build(issuer="https://provider.example.com")
    evil = "https://evil.example.com"
    hostile = await house.integration(
        world.admin, authorization_uri=f"{evil}/authorize", token_uri=f"{evil}/token", issuer=evil
    )
    await house.associate(world.paula, world.app, world.integration, hostile)
    browser = world.browser(world.alice)
    state = (await world.begun(browser, world.alice, hostile))["state"]
    # The hostile provider sends her on to the honest one, which answers with its own name.
    mixed = {"state": state, "code": "alice-honest", "iss": "https://provider.example.com"}
    assert (await browser.get(BACK, params=mixed)).status_code == 400
    assert house.provider.of("authorization_code") == []


async def test_o_09_the_way_back_is_a_path_of_ours(world: World, house: House):
    browser = world.browser(world.alice)
    for wanted in OPEN_REDIRECTS:
        reply = await world.start(browser, world.alice, next=wanted)
        asked = challenge_of(reply.headers["location"])
        code = f"alice-{hash(wanted)}"
        house.provider.challenges[code] = asked["code_challenge"]
        back = await browser.get(BACK, params={"code": code, "state": asked["state"]})
        place = back.headers["location"]
        assert place.startswith("/"), wanted
        assert not re.match(r"/[/\\]", place), wanted
        assert not re.search(r"[\x00-\x20\x7f\\]", place), wanted


async def test_o_10_no_code_stays_in_an_address_and_no_referer_tells_it(world: World):
    browser = world.browser(world.alice)
    started = await world.start(browser, world.alice)
    answer = await world.begun(browser, world.alice)
    finished = await browser.get(BACK, params=answer)
    again = await browser.get(BACK, params=answer)
    assert not {"code", "state"} & set(challenge_of(finished.headers["location"]))
    for reply in (started, finished, again):
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cache-control"] == "no-store"
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!localhost)', again.text)


async def test_o_11_an_error_uses_the_state_up_and_loops_nowhere(world: World, house: House):
    browser = world.browser(world.alice)
    state = (await world.begun(browser, world.alice))["state"]
    answer = {"error": "access_denied", "error_description": "<img src=x onerror=1>", "state": state}
    reply = await browser.get(BACK, params=answer)
    assert 400 <= reply.status_code < 500
    assert "<img src=x" not in reply.text
    assert (await browser.get(BACK, params=answer)).status_code == 400
    assert world.redeemed == 0
    page = await browser.get(f"/__oauth__/integrations/{world.integration.guid}/login?content={world.app.guid}")
    assert page.status_code == 200
    assert "<button" in page.text


async def test_o_32_a_configuration_that_changed_meanwhile_gets_no_code(world: World, house: House):
    browser = world.browser(world.alice)
    answer = await world.begun(browser, world.alice)
    await world.change(token_uri="https://other.example.com/token")
    assert (await browser.get(BACK, params=answer)).status_code in (400, 409)
    assert house.provider.requests == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_o_38_only_a_person_starts_a_consent(world: World, house: House, site: str):
    browser = world.browser(world.alice)
    page = await browser.get(
        f"/__oauth__/integrations/{world.integration.guid}/login?content={world.app.guid}",
        headers={"Sec-Fetch-Site": site},
    )
    assert page.status_code == 200
    assert page.headers["x-frame-options"] == "DENY"
    assert house.rows(Flow) == []
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert (await world.start(browser, world.alice, headers=foreign)).status_code == 403


async def test_o_39_pending_flows_are_capped_and_the_newest_completes(house: House):
    world = await World(house).build()
    other = await house.integration(world.admin)
    await house.associate(world.paula, world.app, world.integration, other)
    browser = world.browser(world.alice)
    for _ in range(30):
        answer = await world.begun(browser, world.alice)
    tab = await world.begun(browser, world.alice, other)
    assert len(house.rows(Flow)) <= 10
    assert len(str(browser.cookies)) < 4096
    for one in (answer, tab):
        assert (await browser.get(BACK, params=one)).status_code == 303


async def test_o_40_what_an_administrator_adds_overrides_nothing_of_ours(world: World, house: House):
    browser = world.browser(world.alice)
    for name in ("state", "redirect_uri", "client_id", "response_type", "scope", "code_challenge", "nonce"):
        with pytest.raises(ApiError) as caught:
            await world.change(authorization_uri=f"https://provider.example.com/authorize?{name}=evil")
        assert caught.value.status == 400
    await world.change(authorization_uri="https://provider.example.com/authorize?theme=dark")
    asked = challenge_of((await world.start(browser, world.alice)).headers["location"])
    assert (asked["theme"], asked["redirect_uri"]) == ("dark", CALLBACK)


async def test_o_29_what_was_not_granted_is_named_and_asked_for_again(world: World, house: House):
    house.provider.scope = "offline_access"
    assert (await world.consent(world.alice)).status_code == 303
    assert house.connection().status_reason == "missing_scopes: read"
    answer = await world.exchange()
    assert 400 <= answer.status_code < 500
    assert "read" in answer.json()["error"]
    assert "consent_url" in answer.json()["payload"]
    house.provider.scope = None  # as asked (RFC 6749 section 5.1)
    await world.consent(world.alice)
    assert await world.token() != ""


async def _switched(world: World, **switches: bool) -> None:
    draft = Draft(switches=switches, sent=frozenset(switches))
    await world.house.integrations.change(world.admin.caller, world.integration.guid, draft)


async def test_o_08_an_integration_may_have_a_callback_of_its_own_and_state_and_path_agree(world: World, house: House):
    await _switched(world, own_callback=True)
    other = await house.integration(world.admin)
    browser = world.browser(world.alice)
    answer = await world.begun(browser, world.alice)
    asked = challenge_of((await world.start(browser, world.alice)).headers["location"])
    assert asked["redirect_uri"] == f"{CALLBACK}/{world.integration.guid}"
    for wrong in (BACK, f"{BACK}/{other.guid}", f"{BACK}/x"):
        assert (await browser.get(wrong, params=answer)).status_code in (400, 404)
        assert house.rows(Connection) == []
        answer = await world.begun(browser, world.alice)
    assert (await browser.get(f"{BACK}/{world.integration.guid}", params=answer)).status_code == 303
    assert house.provider.of("authorization_code")[0]["redirect_uri"] == asked["redirect_uri"]


def _signed(**claims: Any) -> str:
    key = OctKey.import_key(b"k" * 32)
    return jwt.encode({"alg": "HS256"}, {"iss": ISSUER, "aud": "tabard", "exp": time.time() + 60, **claims}, key)


def _as(house: House, **claims: Any) -> None:
    """Let the provider say by an id_token whose account it is."""
    plain = house.provider._tokens

    def tokens(person: str, refresh: str | None) -> httpx.Response:
        return httpx.Response(200, json={**plain(person, refresh).json(), "id_token": _signed(**claims)})

    house.provider._tokens = tokens  # type: ignore[method-assign]


async def _oidc(house: House) -> World:
    return await World(house).build(issuer=ISSUER, scopes="read offline_access openid")


async def _sign_in(world: World, **claims: Any) -> httpx.Response:
    """A consent after which the provider says with the right nonce whose account it was."""
    browser = world.browser(world.alice)
    reply = await world.start(browser, world.alice)
    asked = challenge_of(reply.headers["location"])
    code = f"alice-{len(world.house.provider.challenges)}"
    world.house.provider.challenges[code] = asked["code_challenge"]
    _as(world.house, **{"nonce": asked.get("nonce"), **claims})
    return await browser.get(BACK, params={"code": code, "state": asked["state"], "iss": ISSUER})


async def test_o_37_another_account_is_noticed_and_can_be_refused(house: House):
    world = await _oidc(house)
    assert (await _sign_in(world, sub="x", email="x@example.org")).status_code == 303
    changed = await _sign_in(world, sub="y", email="y@example.org")
    page = await world.browser(world.alice).get(changed.headers["location"])
    assert "y@example.org" in page.text
    [event] = await world.events("change_oauth_account")
    assert (event.data["before"], event.data["after"]) == ("x@example.org", "y@example.org")
    await _switched(world, one_account=True)
    assert (await _sign_in(world, sub="z", email="z@example.org")).status_code == 403
    assert house.connection().account == "y@example.org"
    assert await world.token() != ""


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.com"}, {"aud": "somebody else"}, {"exp": 1}, {"nonce": "another sign-in's"},
        {"nonce": None},
    ],
)  # fmt: skip
async def test_o_43_an_id_token_that_is_not_for_this_sign_in_is_refused(house: House, claims: dict[str, Any]):
    world = await _oidc(house)
    assert 400 <= (await _sign_in(world, sub="x", **claims)).status_code < 600
    assert house.rows(Connection) == []


async def test_o_43_what_a_provider_calls_somebody_makes_her_nobody_else_here(house: House):
    world = await _oidc(house)
    await _sign_in(world, sub="x", email="admin@example.org", preferred_username="admin", email_verified=False)
    assert [row.user_id for row in house.rows(Connection)] == [world.alice.id]
    assert (await world.exchange(world.admin)).status_code == 404
