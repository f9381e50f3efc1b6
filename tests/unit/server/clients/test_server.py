"""What the authorization server keeps of what it gives, and how tokens are taken back."""

import logging
from typing import Any

import pytest

from server.clients.server import ACCESS_LIFE, INTERVAL
from server.clients.store import MOST_TOKENS
from server.db.models import AuditEvent, ToolToken
from tests.unit.server.authorize.rig import BACK, ORIGIN, VERIFIER, Rig


async def revoke(rig: Rig, client_id: str, token: str, **more: str) -> tuple[int, Any]:
    reply = await rig.tool.post("/oauth/v1/revoke", data={"client_id": client_id, "token": token} | more)
    return reply.status_code, reply.json()


async def test_the_database_holds_nothing_that_can_be_used(rig: Rig):
    client_id = await rig.register()
    code = (await rig.answer(client_id))["code"]
    spare = (await rig.answer(client_id))["code"]
    tokens = (await rig.redeem(client_id, code)).json()
    begun = (await rig.tool.post("/oauth/v1/device/authorize", data={"client_id": client_id})).json()
    await rig.trail.aclose()
    tables = ("tool_codes", "tool_tokens", "tool_sign_ins", "tool_devices", "tool_clients", "audit_events")
    dumped = "".join(
        str(row)
        for table in tables
        for row in rig.db.read_now(lambda s, t=table: s.connection().exec_driver_sql(f"select * from {t}").all())
    )
    family = tokens["refresh_token"].removeprefix("tbr_").partition(".")[0]
    secrets = [code, spare, tokens["access_token"], family, VERIFIER, begun["device_code"], begun["user_code"]]
    assert [secret for secret in secrets if secret in dumped] == []


async def test_nothing_secret_is_logged(rig: Rig, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        client_id, tokens = await rig.signed_in()
        await rig.refresh(client_id, tokens["refresh_token"])
    assert tokens["access_token"] not in caplog.text
    assert tokens["refresh_token"] not in caplog.text


async def test_an_access_token_is_taken_back_alone(rig: Rig):
    client_id, tokens = await rig.signed_in()
    assert await rig.works(tokens["access_token"])
    assert await revoke(rig, client_id, tokens["access_token"]) == (200, {})
    assert not await rig.works(tokens["access_token"])
    assert (await rig.refresh(client_id, tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("hint", ["", "refresh_token", "access_token", "nonsense"])
async def test_a_refresh_token_goes_with_its_sign_in(rig: Rig, hint: str):
    client_id, tokens = await rig.signed_in()
    more = {"token_type_hint": hint} if hint else {}
    assert await revoke(rig, client_id, tokens["refresh_token"], **more) == (200, {})
    assert not await rig.works(tokens["access_token"])
    assert rig.ended
    assert await revoke(rig, client_id, tokens["refresh_token"]) == (200, {})


async def test_a_tool_takes_back_only_its_own(rig: Rig):
    _client, tokens = await rig.signed_in()
    other = await rig.register()
    for token in (tokens["access_token"], tokens["refresh_token"]):
        status, body = await revoke(rig, other, token)
        assert (status, body["error"]) == (400, "invalid_grant")
    assert (await revoke(rig, "unknown", "x"))[1]["error"] == "invalid_client"
    assert (await rig.tool.post("/oauth/v1/revoke", data={"client_id": other})).json()["error"] == "invalid_request"
    assert await rig.works(tokens["access_token"])


async def test_access_tokens_do_not_pile_up(rig: Rig):
    client_id, tokens = await rig.signed_in()
    first = tokens["access_token"]
    for _ in range(MOST_TOKENS + 2):
        rig.later(seconds=1)
        tokens = (await rig.refresh(client_id, tokens["refresh_token"])).json()
    assert len(rig.rows(ToolToken)) == MOST_TOKENS
    assert not await rig.works(first)
    rig.moment += ACCESS_LIFE
    await rig.refresh(client_id, tokens["refresh_token"])
    assert len(rig.rows(ToolToken)) == 1


async def test_a_device_authorization_says_what_to_do(rig: Rig):
    client_id = await rig.register()
    begun = (await rig.tool.post("/oauth/v1/device/authorize", data={"client_id": client_id})).json()
    assert begun["verification_uri"] == f"{ORIGIN}/oauth/v1/device"
    assert begun["verification_uri_complete"] == f"{ORIGIN}/oauth/v1/device?user_code={begun['user_code']}"
    assert (begun["interval"], begun["expires_in"]) == (INTERVAL, 600)
    without = await rig.register(grant_types=["authorization_code"])
    refused = await rig.tool.post("/oauth/v1/device/authorize", data={"client_id": without})
    assert refused.json()["error"] == "unauthorized_client"


async def test_who_waits_is_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("server.clients.store.MOST_DEVICES", 1)
    client_id = await rig.register()
    replies = [await rig.tool.post("/oauth/v1/device/authorize", data={"client_id": client_id}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 503]
    assert replies[1].json()["error"] == "temporarily_unavailable"


async def test_what_happened_is_in_the_trail(rig: Rig):
    client_id, tokens = await rig.signed_in()
    await rig.refresh(client_id, tokens["refresh_token"])
    await rig.refresh(client_id, tokens["refresh_token"])
    await rig.trail.aclose()
    events = [(event.action, event.data) for event in rig.rows(AuditEvent)]
    actions = [action for action, _data in events]
    assert actions == ["register_tool", "allow_tool", "sign_in_tool", "end_tool"]
    assert events[-1][1]["reason"] == "refresh_reuse"
    assert BACK not in str(events)
