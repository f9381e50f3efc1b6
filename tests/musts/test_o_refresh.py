"""MUSTs of the broker: one refresh for all, nothing lost, nothing handed to the wrong one (security.md 3.1, 7)."""

import asyncio
from pathlib import Path

import httpx
import pytest

from server.db.models import Connection, Content
from server.oauth.integrations import Draft
from tests.musts.world import BACK, World, told
from tests.unit.server.vault.house import House, until


async def test_o_20_two_hundred_exchanges_at_expiry_refresh_once(world: World, house: House, tmp_path: Path):
    await world.consent(world.alice)
    world.expire()
    house.provider.delay = 0.3
    other = House(tmp_path, path=house.path, provider=house.provider)
    other.time = house.time
    second = House(tmp_path, path=house.path, provider=house.provider)
    try:
        second.time.ahead = house.time.ahead
        answers = await asyncio.gather(
            *(world.exchange() for _ in range(100)),
            *(world.exchange(client=second.browser(key=world.app.key)) for _ in range(100)),
        )
    finally:
        await other.aclose()
        await second.aclose()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    assert (house.provider.refreshes, house.provider.reused) == (1, 0)


async def test_o_21_each_refresh_sends_what_the_last_one_brought(world: World, house: House):
    await world.consent(world.alice)
    for _ in range(50):
        world.expire()
        await world.token()
    sent = [form["refresh_token"] for form in house.provider.of("refresh_token")]
    assert len(set(sent)) == 50
    assert house.provider.reused == 0


async def test_o_22_a_client_that_goes_away_stops_no_refresh(world: World, house: House):
    await world.consent(world.alice)
    world.expire()
    house.provider.delay = 0.3
    leaving = asyncio.create_task(world.exchange())
    await until(lambda: house.provider.refreshes == 1)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await world.token() != ""
    assert (house.provider.refreshes, house.provider.reused) == (1, 0)


async def test_o_22_a_stop_waits_for_the_refresh(world: World, house: House):
    await world.consent(world.alice)
    world.expire()
    house.provider.delay = 0.3
    leaving = asyncio.create_task(world.exchange())
    await until(lambda: house.provider.refreshes == 1)
    version = house.connection().version
    await house.vault.aclose()
    assert house.connection().version > version
    await leaving


async def test_o_23_the_loser_of_a_lease_writes_nothing(world: World, house: House, tmp_path: Path):
    await world.consent(world.alice)
    world.expire()
    house.provider.delay = 0.3
    slow = asyncio.create_task(world.exchange())
    await until(lambda: house.provider.refreshes == 1)
    # While it waits, its lease passes to somebody who renews first.
    with house.change(Connection) as rows:
        rows[0].fence += 1
        rows[0].version += 1
        before = (rows[0].sealed_access, rows[0].sealed_refresh)
    await slow
    row = house.connection()
    assert (row.sealed_access, row.sealed_refresh) == before


async def test_o_24_a_lock_that_is_not_obtained_ends_nothing(
    world: World, house: House, monkeypatch: pytest.MonkeyPatch
):
    await world.consent(world.alice)
    world.expire()
    monkeypatch.setattr("server.vault.renewal.PATIENCE", 0.2)
    from datetime import timedelta

    with house.change(Connection) as rows:
        rows[0].lease_owner, rows[0].lease_until = "elsewhere|1|1|x", house.time() + timedelta(seconds=30)
    answer = await world.exchange()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert house.connection().status == "connected"
    with house.change(Connection) as rows:
        rows[0].lease_owner = rows[0].lease_until = None
    await asyncio.sleep(0)
    assert await world.token() != ""


async def test_o_25_invalid_grant_is_asked_once_and_said_alike(world: World, house: House):
    await world.consent(world.alice)
    world.expire()
    house.provider.live.clear()
    answers = [await world.exchange() for _ in range(100)]
    assert house.provider.refreshes == 1
    assert len({answer.text for answer in answers}) == 1
    assert 400 <= answers[0].status_code < 500
    assert "/login" in answers[0].json()["payload"]["consent_url"]
    assert len(await world.events("end_oauth_session")) == 1


async def test_o_26_a_refused_client_is_the_administrators_and_no_viewers_loss(world: World, house: House):
    people = [world.alice, world.bob, *[await house.person(f"v{number}") for number in range(3)]]
    for person in people:
        await house.connected(person, world.integration)
    world.expire()
    house.provider.secret = "rotated"
    for person in people:
        assert (await world.exchange(person)).status_code in (502, 503)
    assert {row.status for row in house.rows(Connection)} == {"connected"}
    await world.change(client_secret="rotated")
    for person in people:
        assert (await world.token(person)).startswith(f"at-{person.caller.username}")


async def test_o_27_trouble_that_passes_costs_few_calls_and_no_grant(world: World, house: House):
    await world.consent(world.alice)
    world.expire()
    house.provider.fault = lambda _: httpx.Response(429, headers={"Retry-After": "7"})
    answers = [await world.exchange() for _ in range(300)]
    assert {answer.status_code for answer in answers} == {503}
    assert house.provider.refreshes <= 3
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 7
    house.provider.fault = None
    house.time.ahead += 8
    assert await world.token() != ""


async def test_o_27_a_token_that_still_counts_is_served(world: World, house: House):
    await world.consent(world.alice)
    house.time.ahead += 3600 - 30
    house.provider.fault = lambda _: httpx.Response(503)
    assert await world.token() == (await world.exchange()).json()["access_token"]


async def test_o_28_what_is_handed_out_has_time_left_whatever_the_clock_says(world: World, house: House):
    house.provider.lifetime = 90
    await world.consent(world.alice)
    first = await world.token()
    house.time.ahead += 20
    assert await world.token() == first
    house.time.ahead += 50
    assert await world.token() != first
    for jump in (3600, -3600):
        house.time.jumped = jump
        refreshes = house.provider.refreshes
        for _ in range(5):
            assert (await world.exchange()).json()["expires_in"] > 0
        assert house.provider.refreshes - refreshes <= 1


@pytest.mark.parametrize(
    "change",
    [
        {"token_uri": "https://other.example.com/token"},
        {"authorization_uri": "https://other.example.com/authorize"},
        {"client_id": "other"},
        {"issuer": "https://other.example.com"},
        {"token_endpoint_auth_method": "client_secret_post"},
    ],
)
async def test_o_30_a_changed_client_gets_none_of_the_old_tokens(world: World, house: House, change: dict[str, str]):
    await world.consent(world.alice)
    before = dict(world.integration.config)
    sent = len(house.provider.of("refresh_token"))
    await world.change(**change)
    for _ in range(2):
        assert 400 <= (await world.exchange()).status_code < 500
    assert len(house.provider.of("refresh_token")) == sent
    await world.change(**{name: before.get(name, "") for name in change})
    assert 400 <= (await world.exchange()).status_code < 500  # changing it back brings nothing back


async def test_o_31_upkeep_keeps_sessions(world: World, house: House):
    await world.consent(world.alice)
    house.provider.secret = "new"
    await world.change(client_secret="new")
    draft = Draft(name="Renamed", description="d", sent=frozenset({"name", "description"}))
    await house.integrations.change(world.admin.caller, world.integration.guid, draft)
    world.expire()
    assert await world.token() != ""


async def test_o_33_what_is_deleted_is_unusable_at_once_and_revoked_when_the_provider_answers(
    world: World, house: House
):
    await world.consent(world.alice)
    token = next(iter(house.provider.live))
    guid = house.connection().guid
    answer = await house.browser(key=world.alice.key).delete(f"/__api__/v1/oauth/sessions/{guid}")
    assert answer.status_code == 204
    assert told(await world.exchange()) == (404, 220)
    await until(lambda: token in house.provider.revoked())


async def test_o_34_a_late_answer_brings_nothing_back(world: World, house: House):
    await world.consent(world.alice)
    guid, old = house.connection().guid, next(iter(house.provider.live))
    world.expire()
    house.provider.delay = 0.3
    # The provider has renewed already, and its answer is on the way.
    house.provider.fault = lambda _: httpx.Response(200, json={"access_token": "late", "refresh_token": "late-refresh"})
    waiting = asyncio.create_task(world.exchange())
    await until(lambda: house.provider.refreshes == 1)
    await house.vault.connections.disconnect(world.alice.caller, guid)
    assert 400 <= (await waiting).status_code < 500
    assert house.rows(Connection) == []
    await until(lambda: {old, "late-refresh"} <= set(house.provider.revoked()))


@pytest.mark.parametrize("change", ["association", "access", "public", "unpublished"])
async def test_o_35_what_is_taken_away_counts_at_the_next_call(world: World, house: House, change: str):
    await world.consent(world.alice)
    assert await world.token() != ""
    view = await house.directory.by_guid(world.app.guid)
    assert view is not None
    if change == "association":
        await house.associations.replace(world.paula.caller, view, [])
    else:
        with house.change(Content) as rows:
            if change == "unpublished":
                rows[0].locked = True
            else:
                rows[0].access_type = "all" if change == "public" else "acl"
        house.directory.forget(world.app.guid)
    assert (await world.exchange()).status_code in (400, 403)


async def test_o_41_nobody_gets_anothers_token(house: House):
    world = await World(house).build()
    apps = [world.app, *[await house.content(world.paula) for _ in range(2)]]
    people = [await house.person(f"p{number}") for number in range(12)]
    for app in apps:
        await house.associate(world.paula, app, world.integration)
    for person in people:
        await house.connected(person, world.integration)
    world.expire()
    asked = [(person, app) for _ in range(5) for person in people for app in apps]
    answers = await asyncio.gather(*(world.exchange(person, app=app) for person, app in asked))
    for (person, _app), answer in zip(asked, answers, strict=True):
        assert answer.json()["access_token"].startswith(f"at-{person.caller.username}-")
    assert house.provider.refreshes == len(people)


async def test_o_44_everything_is_in_the_trail_and_no_secret(world: World, house: House):
    await world.consent(world.alice)
    browser = world.browser(world.alice)
    state = (await world.begun(browser, world.alice))["state"]
    await browser.get(BACK, params={"error": "access_denied", "state": state})
    world.expire()
    token = await world.token()
    house.provider.fault = lambda _: httpx.Response(500)
    world.expire()
    await world.exchange()
    await world.change(client_secret="CANARY-next")
    await house.vault.connections.disconnect(world.alice.caller, house.connection().guid)
    actions = await house.actions()
    for action in (
        "start_oauth_consent", "connect_oauth_integration", "decline_oauth_consent", "refresh_oauth_session",
        "fail_oauth_refresh", "exchange_credentials", "edit_oauth_integration", "disconnect_oauth_integration",
    ):  # fmt: skip
        assert action in actions, action
    from server.db.models import AuditEvent

    rows = house.rows(AuditEvent)
    assert all(row.time is not None and row.actor for row in rows)
    text = str([row.data for row in rows])
    for secret in (token, "CANARY", *house.provider.live, *house.provider.spent):
        assert secret not in text
