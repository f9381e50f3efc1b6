"""The refresh engine: freshness, single flight, the error table, and what ends a connection (security.md 7)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from integrations.contract import TokenSet
from integrations.grants.refresh import refresh
from server.db.models import Connection
from server.keys.credentials import digest
from server.oauth.integrations import Draft
from server.vault.errors import IntegrationBroken, NeedsConsent, NotConnected, TryLater
from server.vault.seals import Seals
from server.vault.terms import margin
from tests.unit.server.vault.house import CANARY, SECRET, House, until


async def one(house: House) -> tuple[object, object]:
    admin = await house.person("admin", "administrator")
    alice = await house.person("alice")
    integration = await house.integration(admin)
    await house.connected(alice, integration)
    return alice, integration


async def test_a_fresh_token_is_given_without_asking_the_provider(house):
    alice, integration = await one(house)
    issued = await house.vault.tokens.access_token(alice.id, integration.id)
    assert issued.access_token.reveal() == "at-alice-0"
    assert 3595 <= issued.expires_in <= 3600
    assert house.provider.refreshes == 0


@pytest.mark.parametrize(("lifetime", "expected"), [(3600, 60), (60, 15), (240, 60), (None, 60)])
def test_short_tokens_are_renewed_in_their_last_quarter(lifetime, expected):
    assert margin(lifetime) == expected


async def test_a_token_without_an_end_is_never_renewed(house):
    house.provider.lifetime = None
    alice, integration = await one(house)
    house.time.ahead = 1e7
    # Custom integrations default to an hour; a provider's own "never" comes from its template.
    with house.change(Connection) as rows:
        rows[0].access_expires_at = None
    assert (await house.vault.tokens.access_token(alice.id, integration.id)).expires_in is None
    assert house.provider.refreshes == 0


async def test_two_hundred_exchanges_at_expiry_cause_one_refresh(house):
    alice, integration = await one(house)
    house.time.ahead = 3590
    house.provider.delay = 0.1
    answers = await asyncio.gather(*(house.vault.tokens.access_token(alice.id, integration.id) for _ in range(200)))
    assert len({answer.access_token.reveal() for answer in answers}) == 1
    assert house.provider.refreshes == 1


async def test_two_gateways_on_one_database_refresh_once(house, tmp_path: Path):
    alice, integration = await one(house)
    other = House(tmp_path, path=house.path, provider=house.provider, url=house.url)
    try:
        house.time.ahead = other.time.ahead = 3590
        house.provider.delay = 0.2
        engines = [house.vault.tokens, other.vault.tokens] * 20
        answers = await asyncio.gather(*(e.access_token(alice.id, integration.id) for e in engines))
        assert len({answer.access_token.reveal() for answer in answers}) == 1
        assert house.provider.refreshes == 1
        assert house.provider.reused == 0
    finally:
        await other.aclose()


async def test_each_refresh_sends_the_token_of_the_answer_before(house):
    alice, integration = await one(house)
    for _ in range(10):
        house.time.ahead += 3590
        await house.vault.tokens.access_token(alice.id, integration.id)
    sent = [form["refresh_token"] for form in house.provider.of("refresh_token")]
    assert len(set(sent)) == 10
    assert house.provider.reused == 0


async def test_an_answer_without_a_refresh_token_keeps_the_old_one(house):
    alice, integration = await one(house)
    house.provider.issues_refresh = False
    house.time.ahead = 3590
    await house.vault.tokens.access_token(alice.id, integration.id)
    assert house.connection().sealed_refresh is not None


async def test_a_caller_that_goes_away_does_not_stop_the_refresh(house):
    alice, integration = await one(house)
    house.time.ahead = 3590
    house.provider.delay = 0.2
    task = asyncio.create_task(house.vault.tokens.access_token(alice.id, integration.id))
    await until(lambda: house.provider.refreshes == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await house.vault.aclose()
    assert house.connection().version == 2
    assert (await house.vault.tokens.access_token(alice.id, integration.id)).access_token
    assert house.provider.refreshes == 1


async def test_invalid_grant_ends_the_connection_and_the_provider_is_asked_no_more(house):
    alice, integration = await one(house)
    house.provider.live.clear()
    house.time.ahead = 3590
    for _ in range(5):
        with pytest.raises(NeedsConsent) as caught:
            await house.vault.tokens.access_token(alice.id, integration.id)
        assert caught.value.reason == "invalid_grant"
    assert house.provider.refreshes == 1
    assert (await house.actions()).count("end_oauth_session") == 1
    assert house.connection().sealed_access is None


async def test_invalid_grant_after_another_gateway_rotated_is_not_believed(house):
    alice, integration = await one(house)
    house.time.ahead = 3590

    def rotated_elsewhere(_form: object) -> httpx.Response:
        house.provider.fault = None
        with house.change(Connection) as rows:
            row, seals = rows[0], Seals(house.keyring)
            access, refresh = seals.access(row), seals.refresh(row)
            row.fence += 1
            row.version += 1
            seals.put(row, access=access, refresh=refresh)
            row.lease_owner = row.lease_until = None
            row.access_expires_at = None
        return httpx.Response(400, json={"error": "invalid_grant"})

    house.provider.fault = rotated_elsewhere
    issued = await house.vault.tokens.access_token(alice.id, integration.id)
    assert issued.access_token.reveal() == "at-alice-0"
    assert house.connection().status == "connected"


async def test_a_rejected_client_spares_viewers_and_mends_without_consent(house):
    alice, integration = await one(house)
    house.time.ahead = 3601
    house.provider.secret = "rotated"
    with pytest.raises(IntegrationBroken):
        await house.vault.tokens.access_token(alice.id, integration.id)
    assert house.connection().status == "connected"
    admin = await house.person("admin2", "administrator")
    await house.integrations.change(
        admin.caller, integration.guid, Draft(config={"client_secret": "rotated"}, sent=frozenset({"config"}))
    )
    assert (await house.vault.tokens.access_token(alice.id, integration.id)).access_token


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503, headers={"Retry-After": "7"}),
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(500, text="<html>"),
        httpx.Response(200, text="<html>"),
        httpx.Response(400, json={"error": "temporarily_unavailable"}),
        httpx.ConnectError("no"),
        httpx.ReadTimeout("slow"),
    ],
)
async def test_passing_trouble_keeps_the_grant_and_backs_off(house, answer):
    alice, integration = await one(house)
    house.time.ahead = 3601
    house.provider.fault = lambda _: answer
    for _ in range(20):
        with pytest.raises(TryLater) as caught:
            await house.vault.tokens.access_token(alice.id, integration.id)
    assert house.provider.refreshes == 1
    if isinstance(answer, httpx.Response) and "retry-after" in answer.headers:
        assert 5 < caught.value.retry_after <= 7
    assert house.connection().status == "connected"
    assert house.connection().lease_owner is None


async def test_a_token_that_is_still_valid_is_served_through_trouble(house):
    alice, integration = await one(house)
    house.time.ahead = 3570
    house.provider.fault = lambda _: httpx.Response(503)
    issued = await house.vault.tokens.access_token(alice.id, integration.id)
    assert issued.access_token.reveal() == "at-alice-0"
    assert 25 <= issued.expires_in <= 30


async def test_a_lost_answer_is_told_as_an_interrupted_refresh(house):
    alice, integration = await one(house)
    house.time.ahead = 3601
    house.provider.lost = 1
    with pytest.raises(TryLater):
        await house.vault.tokens.access_token(alice.id, integration.id)
    assert house.connection().attempt_hash is not None
    house.time.ahead += 2
    with pytest.raises(NeedsConsent) as caught:
        await house.vault.tokens.access_token(alice.id, integration.id)
    assert caught.value.reason == "interrupted_refresh"
    assert house.provider.refreshes == 2


async def test_no_connection_and_no_refresh_token(house):
    admin = await house.person("admin", "administrator")
    alice = await house.person("alice")
    integration = await house.integration(admin)
    with pytest.raises(NotConnected):
        await house.vault.tokens.access_token(alice.id, integration.id)
    await house.connected(alice, integration, refresh=False)
    assert (await house.vault.tokens.access_token(alice.id, integration.id)).access_token
    house.time.ahead = 3601
    with pytest.raises(NeedsConsent) as caught:
        await house.vault.tokens.access_token(alice.id, integration.id)
    assert caught.value.reason == "expired"


async def test_a_new_endpoint_never_sees_the_old_refresh_token(house):
    alice, integration = await one(house)
    admin = await house.person("admin2", "administrator")

    async def move(host: str) -> None:
        changed = {"token_uri": f"https://{host}/token"}
        draft = Draft(config=changed, sent=frozenset({"config"}))
        await house.integrations.change(admin.caller, integration.guid, draft)

    await move("evil.example.com")
    house.time.ahead = 3601
    for host in ("evil.example.com", "provider.example.com"):
        with pytest.raises(NeedsConsent) as caught:
            await house.vault.tokens.access_token(alice.id, integration.id)
        assert caught.value.reason == "changed"
        assert host != "evil.example.com" or not [f for _, f in house.provider.requests if f["host"] == host]
        await move("provider.example.com")
    await until(lambda: len(house.provider.revoked()) == 1)
    assert house.provider.requests[0][1]["host"] == "provider.example.com"
    assert house.provider.refreshes == 0


async def test_changing_name_and_secret_keeps_connections(house):
    alice, integration = await one(house)
    admin = await house.person("admin2", "administrator")
    draft = Draft(name="New", config={"client_secret": SECRET + "2"}, sent=frozenset({"name", "config"}))
    house.provider.secret = SECRET + "2"
    await house.integrations.change(admin.caller, integration.guid, draft)
    house.time.ahead = 3601
    assert (await house.vault.tokens.access_token(alice.id, integration.id)).access_token


async def test_a_disconnect_during_a_refresh_is_not_undone(house):
    alice, integration = await one(house)
    house.time.ahead = 3601
    house.provider.delay = 0.2
    task = asyncio.create_task(house.vault.tokens.access_token(alice.id, integration.id))
    await until(lambda: house.provider.refreshes == 1)
    await house.vault.connections.disconnect(alice.caller, house.connection().guid)
    with pytest.raises(NotConnected):
        await task
    assert house.rows(Connection) == []
    await house.vault.aclose()
    assert not house.provider.live


async def test_swapped_rows_fail_closed(house):
    alice, integration = await one(house)
    bob = await house.person("bob")
    await house.connected(bob, integration)
    with house.change(Connection) as rows:
        first, second = rows
        first.sealed_access, second.sealed_access = second.sealed_access, first.sealed_access
        first.sealed_refresh, second.sealed_refresh = second.sealed_refresh, first.sealed_refresh
    for person in (alice, bob):
        with pytest.raises(NeedsConsent) as caught:
            await house.vault.tokens.access_token(person.id, integration.id)
        assert caught.value.reason == "damaged"
    house.time.ahead = 3601
    with pytest.raises(NeedsConsent):
        await house.vault.tokens.access_token(alice.id, integration.id)
    assert house.provider.refreshes == 0


async def test_no_token_is_ever_in_the_clear_on_disk_or_in_the_log(house, caplog):
    caplog.set_level("DEBUG")
    alice, integration = await one(house)
    house.time.ahead = 3601
    await house.vault.tokens.access_token(alice.id, integration.id)
    house.provider.fault = lambda _: httpx.Response(500)
    house.time.ahead = 7300
    with pytest.raises(TryLater):
        await house.vault.tokens.access_token(alice.id, integration.id)
    await house.trail.aclose()
    files = [path for path in house.path.parent.iterdir() if path.name.startswith(house.path.name)]
    assert any(path.name.endswith("-wal") for path in files)
    for path in files:
        content = path.read_bytes()
        for secret in (CANARY, SECRET, "at-alice"):
            assert secret.encode() not in content, (path.name, secret)
    assert CANARY not in caplog.text
    assert SECRET not in caplog.text
    assert "at-alice" not in caplog.text


async def test_another_gateways_lease_is_waited_for_and_a_dead_ones_taken(house, monkeypatch):
    alice, integration = await one(house)
    house.time.ahead = 3601
    monkeypatch.setattr("server.vault.renewal.PATIENCE", 0.3)
    with house.change(Connection) as rows:
        rows[0].lease_owner, rows[0].lease_until = "elsewhere|1|1|x", house.time() + timedelta(minutes=1)
    with pytest.raises(TryLater):
        await house.vault.tokens.access_token(alice.id, integration.id)
    assert house.provider.refreshes == 0
    with house.change(Connection) as rows:
        rows[0].lease_until = house.time() - timedelta(hours=2)
    assert (await house.vault.tokens.access_token(alice.id, integration.id)).access_token


async def test_connections_of_several_roles_are_apart(house):
    alice, integration = await one(house)
    await house.connected(alice, integration, role="ANALYST")
    plain = await house.vault.tokens.access_token(alice.id, integration.id)
    analyst = await house.vault.tokens.access_token(alice.id, integration.id, role="ANALYST")
    assert plain.connection != analyst.connection
    with pytest.raises(NotConnected):
        await house.vault.tokens.access_token(alice.id, integration.id, role="analyst")
    assert [view.role for view in await house.vault.connections.list(user_id=alice.id)] == ["", "ANALYST"]
    assert len(await house.vault.connections.list(integration_id=integration.id, role="ANALYST")) == 1


async def test_an_app_may_ask_for_more_life_than_is_left(house):
    alice, integration = await one(house)
    tokens = house.vault.tokens
    house.time.ahead = 1800
    assert (await tokens.access_token(alice.id, integration.id, min_ttl=1700)).access_token.reveal() == "at-alice-0"
    assert (await tokens.access_token(alice.id, integration.id, min_ttl=1900)).expires_in > 3590
    assert house.provider.refreshes == 1
    for _ in range(5):
        house.time.ahead += 60
        await tokens.access_token(alice.id, integration.id, min_ttl=100_000)
    assert house.provider.refreshes == 1


async def test_a_forced_renewal_is_one_for_all_who_ask_for_it(house):
    alice, integration = await one(house)
    tokens = house.vault.tokens
    assert (await tokens.access_token(alice.id, integration.id, force=True)).access_token.reveal() == "at-alice-0"
    house.time.ahead = 60
    house.provider.delay = 0.05
    asked = (tokens.access_token(alice.id, integration.id, force=True) for _ in range(50))
    answers = {answer.access_token.reveal() for answer in await asyncio.gather(*asked)}
    assert len(answers) == 1
    again = await tokens.access_token(alice.id, integration.id, force=True)
    assert answers == {again.access_token.reveal()}
    assert house.provider.refreshes == 1


@pytest.mark.parametrize("jump", [-3600, 3600])
async def test_a_clock_that_is_set_makes_no_token_older_or_younger(house, jump):
    alice, integration = await one(house)
    tokens = house.vault.tokens
    assert (await tokens.access_token(alice.id, integration.id)).access_token.reveal() == "at-alice-0"
    house.time.jumped = jump
    house.time.ahead = 60
    for _ in range(5):
        house.time.ahead += 2
        issued = await tokens.access_token(alice.id, integration.id)
        assert issued.access_token.reveal() == "at-alice-0"
        assert 3500 < issued.expires_in < 3600
    house.time.ahead = 3590
    renewed = await tokens.access_token(alice.id, integration.id)
    house.time.jumped = -jump
    house.time.ahead += 3000
    assert (await tokens.access_token(alice.id, integration.id)).access_token == renewed.access_token
    house.time.ahead += 700
    assert (await tokens.access_token(alice.id, integration.id)).access_token != renewed.access_token
    assert house.provider.refreshes == 2


async def test_warm_answers_come_from_memory_and_a_row_is_read_again_after_a_second(house, monkeypatch):
    alice, integration = await one(house)
    await house.vault.tokens.access_token(alice.id, integration.id)
    with monkeypatch.context() as patch:
        patch.setattr(house.db, "read", None)
        assert (await house.vault.tokens.access_token(alice.id, integration.id)).expires_in
    with house.change(Connection) as rows:
        rows[0].status, rows[0].status_reason = "reauth_required", "changed"
    house.time.ahead = 1.1
    with pytest.raises(NeedsConsent):
        await house.vault.tokens.access_token(alice.id, integration.id)


async def test_a_refresh_that_grants_less_is_kept_but_flagged(house):
    alice, integration = await one(house)
    house.time.ahead = 3601
    house.provider.scope = "offline_access"
    with pytest.raises(NeedsConsent) as caught:
        await house.vault.tokens.access_token(alice.id, integration.id)
    assert caught.value.reason == "missing_scopes: read"
    row = house.connection()
    assert (row.status, row.sealed_refresh is not None, row.version) == ("reauth_required", True, 2)
    assert house.provider.refreshes == 1


async def somebody_elses(*args: object, **terms: object) -> TokenSet:
    return replace(await refresh(*args, **terms), subject="somebody-else")


async def test_an_answer_for_another_account_is_refused_flagged_and_noted(house, monkeypatch):
    alice, integration = await one(house)
    with house.change(Connection) as rows:
        rows[0].subject = "alice-at-the-provider"
    monkeypatch.setattr("server.vault.renewal.refresh", somebody_elses)
    house.time.ahead = 3601
    for _ in range(3):
        with pytest.raises(NeedsConsent) as caught:
            await house.vault.tokens.access_token(alice.id, integration.id)
        assert caught.value.reason == "another_account"
    assert house.provider.refreshes == 1
    assert (await house.actions()).count("refuse_oauth_account") == 1


async def test_what_a_token_needs_besides_is_kept_and_given(house):
    alice, integration = await one(house)
    with house.change(Connection) as rows:
        rows[0].extras = {"instance_url": "https://x.example.com"}
    issued = await house.vault.tokens.access_token(alice.id, integration.id)
    assert issued.extras == {"instance_url": "https://x.example.com"}
    house.time.ahead = 3601
    assert (await house.vault.tokens.access_token(alice.id, integration.id)).extras == issued.extras


async def test_a_connection_that_fails_leaves_the_others_alone(house):
    alice, integration = await one(house)
    people = [await house.person(f"viewer{number}") for number in range(3)]
    for person in people:
        await house.connected(person, integration)
    house.time.ahead = 3601
    bad = next(token for token, person in house.provider.live.items() if person == "alice")
    broken = httpx.Response(500)
    house.provider.fault = lambda form: broken if form.get("refresh_token") == bad else None
    for person in people:
        with pytest.raises(TryLater):
            await house.vault.tokens.access_token(alice.id, integration.id)
        assert (await house.vault.tokens.access_token(person.id, integration.id)).access_token
    assert house.provider.refreshes == 4


async def test_a_holder_that_never_came_back_twice_ends_the_connection(house):
    alice, integration = await one(house)
    house.time.ahead = 3601
    for _ in range(2):
        with house.change(Connection) as rows:
            token = Seals(house.keyring).refresh(rows[0])
            rows[0].attempt_hash = digest(token.reveal())
            rows[0].lease_owner, rows[0].attempts_lost = "elsewhere|1|1|x", 1
            rows[0].lease_until = house.time() - timedelta(seconds=1)
    with pytest.raises(NeedsConsent) as caught:
        await house.vault.tokens.access_token(alice.id, integration.id)
    assert (caught.value.reason, house.provider.refreshes) == ("interrupted_refresh", 0)
    assert (await house.actions()).count("end_oauth_session") == 1
