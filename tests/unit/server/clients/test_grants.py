"""Codes, refresh tokens and device codes under attack: what is shown twice, or by the wrong one, gives nothing."""

import asyncio
from datetime import timedelta

import pytest

from server.accounts import store as accounts
from server.clients.grants import CODE_LIFE, SLOWER
from server.clients.server import ACCESS_LIFE, DEVICE_LIFE, INTERVAL, SIGN_IN_LIFE
from server.db.models import ToolCode, ToolSignIn, ToolToken
from server.web.caller import BadCredential, Caller
from tests.unit.server.authorize.rig import BACK, DEVICE, Rig


async def test_a_code_gives_tokens_that_act_as_the_person(rig: Rig):
    _client, tokens = await rig.signed_in()
    assert set(tokens) == {"token_type", "access_token", "refresh_token", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", ACCESS_LIFE.total_seconds())
    caller = await rig.who(tokens["access_token"])
    assert isinstance(caller, Caller)
    assert (caller.username, caller.role, caller.via) == ("ann", "publisher", "key")
    assert caller.credential.startswith("tool:")


async def test_a_second_use_of_a_code_takes_back_what_it_gave(rig: Rig):
    client_id = await rig.register()
    code = (await rig.answer(client_id))["code"]
    tokens = (await rig.redeem(client_id, code)).json()
    again = await rig.redeem(client_id, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert not await rig.works(tokens["access_token"])
    assert (await rig.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert rig.ended
    assert rig.rows(ToolSignIn) == rig.rows(ToolToken) == rig.rows(ToolCode) == []


async def test_a_code_shown_by_twenty_at_once_works_for_none_in_the_end(rig: Rig):
    client_id = await rig.register()
    code = (await rig.answer(client_id))["code"]
    replies = await asyncio.gather(*(rig.redeem(client_id, code) for _ in range(20)))
    good = [reply for reply in replies if reply.status_code == 200]
    assert len(good) == 1
    assert not await rig.works(good[0].json()["access_token"])


A_CODE_IS_BOUND_AND_ONE_WRON = [
    ({"code_verifier": "w" * 43}, "invalid_grant"),
    ({"code_verifier": None}, "invalid_request"),
    ({"code_verifier": ""}, "invalid_request"),
    ({"code_verifier": "v" * 42}, "invalid_request"),
    ({"redirect_uri": "http://127.0.0.1:53212/callback"}, "invalid_grant"),
    ({"redirect_uri": None}, "invalid_grant"),
]


async def test_a_code_is_bound_and_one_wrong_try_uses_it_up(rig: Rig):
    for changes, error in A_CODE_IS_BOUND_AND_ONE_WRON:
        client_id = await rig.register()
        code = (await rig.answer(client_id))["code"]
        wrong = await rig.redeem(client_id, code, **changes)
        assert (wrong.status_code, wrong.json()["error"]) == (400, error)
        assert (await rig.redeem(client_id, code)).json()["error"] == "invalid_grant"
        assert rig.rows(ToolSignIn) == []


async def test_a_code_of_another_tool_is_worth_nothing(rig: Rig):
    mine, other = await rig.register(), await rig.register()
    code = (await rig.answer(mine))["code"]
    assert (await rig.redeem(other, code)).json()["error"] == "invalid_grant"
    assert (await rig.redeem(mine, code)).json()["error"] == "invalid_grant"


async def test_a_code_ends_after_a_minute(rig: Rig):
    client_id = await rig.register()
    code = (await rig.answer(client_id))["code"]
    rig.moment += CODE_LIFE
    assert (await rig.redeem(client_id, code)).json()["error"] == "invalid_grant"


OTHER_GRANTS_ARE_NOT_GIVEN = [
    {"grant_type": "password", "username": "ann", "password": "x"},
    {"grant_type": "client_credentials"},
    {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"},
    {"grant_type": 'x"'},
    {},
]


async def test_other_grants_are_not_given(rig: Rig):
    for form in OTHER_GRANTS_ARE_NOT_GIVEN:
        reply = await rig.token(form | {"client_id": await rig.register()})
        assert (reply.status_code, reply.json()["error"] in ("unsupported_grant_type", "invalid_request")) == (
            400,
            True,
        )


async def test_an_unknown_tool_is_told_so_and_registers_again(rig: Rig):
    for form in (
        {"grant_type": "authorization_code", "client_id": "x", "code": "c", "redirect_uri": BACK, "code_verifier": "v"},
        {"grant_type": "refresh_token", "client_id": "x", "refresh_token": "r"},
        {"grant_type": DEVICE, "client_id": "x", "device_code": "d"},
        {"grant_type": "refresh_token", "refresh_token": "r"},
    ):
        reply = await rig.token(form)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_client")


async def test_a_refresh_replaces_the_refresh_token_and_leaves_the_access_token_its_time(rig: Rig):
    client_id, first = await rig.signed_in()
    second = (await rig.refresh(client_id, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert await rig.works(first["access_token"])
    assert await rig.works(second["access_token"])
    rig.moment += ACCESS_LIFE
    assert not await rig.works(first["access_token"])
    third = (await rig.refresh(client_id, second["refresh_token"])).json()
    assert await rig.works(third["access_token"])


@pytest.mark.parametrize("age", [1, 2, 3])
async def test_an_older_refresh_token_ends_the_whole_sign_in(rig: Rig, age: int):
    client_id, tokens = await rig.signed_in()
    shown = tokens
    for _ in range(age):
        shown = (await rig.refresh(client_id, shown["refresh_token"])).json()
    assert (await rig.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert not await rig.works(shown["access_token"])
    assert (await rig.refresh(client_id, shown["refresh_token"])).json()["error"] == "invalid_grant"


async def test_refreshing_at_once_gives_one_token_at_most(rig: Rig):
    client_id, tokens = await rig.signed_in()
    replies = await asyncio.gather(*(rig.refresh(client_id, tokens["refresh_token"]) for _ in range(10)))
    assert sum(reply.status_code == 200 for reply in replies) == 1
    assert rig.rows(ToolSignIn) == []


async def test_a_refresh_token_is_its_own_tools(rig: Rig):
    client_id, tokens = await rig.signed_in()
    other = await rig.register()
    assert (await rig.refresh(other, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await rig.refresh(client_id, tokens["refresh_token"])).status_code == 200


NONSENSE_IS_NO_REFRESH_TOKEN = ["", "tbr_", "tbr_x.y", "nonsense", "tba_x"]


async def test_nonsense_is_no_refresh_token(rig: Rig):
    for token in NONSENSE_IS_NO_REFRESH_TOKEN:
        client_id, tokens = await rig.signed_in()
        reply = await rig.refresh(client_id, token)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")
        assert await rig.works(tokens["access_token"])


async def test_a_sign_in_ends_when_it_is_not_used_and_lasts_while_it_is(rig: Rig):
    client_id, tokens = await rig.signed_in()
    for _ in range(3):
        rig.moment += SIGN_IN_LIFE - timedelta(days=1)
        reply = await rig.refresh(client_id, tokens["refresh_token"])
        assert reply.status_code == 200
        tokens = reply.json()
    rig.moment += SIGN_IN_LIFE
    assert (await rig.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_tool_without_refresh_gets_none_and_ends_with_its_token(rig: Rig):
    client_id = await rig.register(grant_types=["authorization_code"])
    tokens = (await rig.redeem(client_id, (await rig.answer(client_id))["code"])).json()
    assert "refresh_token" not in tokens
    (sign_in,) = rig.rows(ToolSignIn)
    assert sign_in.expires_at == rig.moment + ACCESS_LIFE
    refused = await rig.refresh(client_id, "tbr_x.y")
    assert refused.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize("how", ["lock", "password"])
async def test_a_locked_or_changed_person_has_no_tools(rig: Rig, how: str):
    rig.db.write_now(lambda s: accounts.add_user(s, username="root", role="administrator"))
    client_id, tokens = await rig.signed_in()
    pending = (await rig.answer(client_id))["code"]
    if how == "lock":
        await rig.db.write(accounts.set_locked, rig.ann.guid, True)
    await rig.sessions.person_changed(rig.ann.guid, end_sessions=True)
    assert isinstance(await rig.who(tokens["access_token"]), BadCredential)
    assert (await rig.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await rig.redeem(client_id, pending)).json()["error"] == "invalid_grant"


async def test_a_lower_role_holds_at_once(rig: Rig):
    _client, tokens = await rig.signed_in()
    assert await rig.works(tokens["access_token"])
    await rig.db.write(accounts.change_user, rig.ann.guid, {"role": "viewer"})
    await rig.sessions.person_changed(rig.ann.guid, end_sessions=False)
    caller = await rig.who(tokens["access_token"])
    assert isinstance(caller, Caller)
    assert caller.role == "viewer"


class Waiting:
    """A device authorization under way."""

    def __init__(self, rig: Rig, client_id: str, begun: dict[str, str]) -> None:
        self.rig, self.client_id, self.begun = rig, client_id, begun

    async def poll(self, client_id: str = "") -> str:
        """The error, or an access token."""
        form = {"grant_type": DEVICE, "client_id": client_id or self.client_id}
        reply = (await self.rig.token(form | {"device_code": self.begun["device_code"]})).json()
        return str(reply.get("error") or reply["access_token"])

    async def decide(self, allowed: bool = True) -> None:
        caller = await self.rig.sign_in(self.rig.new_browser(), self.rig.ann)
        assert await self.rig.tools.decide_device(self.begun["user_code"], caller, allowed=allowed)


@pytest.fixture
async def waiting(rig: Rig) -> Waiting:
    client_id = await rig.register()
    begun = await rig.tool.post("/oauth/v1/device/authorize", data={"client_id": client_id})
    return Waiting(rig, client_id, begun.json())


async def test_a_device_code_works_once_somebody_agreed_and_only_once(rig: Rig, waiting: Waiting):
    assert await waiting.poll() == "authorization_pending"
    await waiting.decide()
    assert await rig.works(await waiting.poll())
    assert await waiting.poll() == "invalid_grant"


async def test_polling_too_often_slows_down(rig: Rig, waiting: Waiting):
    assert [await waiting.poll() for _ in range(3)] == ["authorization_pending", "slow_down", "slow_down"]
    rig.later(seconds=INTERVAL + SLOWER)
    assert await waiting.poll() == "slow_down"
    rig.later(seconds=INTERVAL + 3 * SLOWER)
    assert await waiting.poll() == "authorization_pending"


async def test_refusal_and_time(rig: Rig, waiting: Waiting):
    other = await rig.register()
    assert await waiting.poll(other) == "unauthorized_client"
    await waiting.decide(allowed=False)
    assert await waiting.poll() == "access_denied"
    rig.moment += DEVICE_LIFE
    assert await waiting.poll() == "expired_token"


async def test_an_agreement_that_came_in_time_ends_with_it(rig: Rig, waiting: Waiting):
    await waiting.decide()
    rig.moment += DEVICE_LIFE
    assert await waiting.poll() == "expired_token"


async def test_who_was_locked_after_agreeing_gives_nothing(rig: Rig, waiting: Waiting):
    rig.db.write_now(lambda s: accounts.add_user(s, username="root", role="administrator"))
    await waiting.decide()
    await rig.db.write(accounts.set_locked, rig.ann.guid, True)
    assert await waiting.poll() == "invalid_grant"
