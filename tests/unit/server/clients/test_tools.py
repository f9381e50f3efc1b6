"""The list of a person's tools, and ending one at once."""

import pytest

from server.accounts import store as accounts
from server.clients.tools import plain_code
from server.web.errors import ApiError
from tests.unit.server.authorize.rig import Rig


async def test_a_person_sees_and_ends_her_own(rig: Rig):
    client_id, tokens = await rig.signed_in()
    caller = await rig.sign_in(rig.new_browser(), rig.ann)
    (mine,) = await rig.tools.of(caller)
    assert (mine.name, mine.since, mine.last_used) == ("Posit CLI", rig.moment, rig.moment)
    bob = rig.db.write_now(lambda s: accounts.add_user(s, username="bob", role="administrator"))
    other = await rig.sign_in(rig.new_browser(), bob)
    assert await rig.tools.of(other) == []
    with pytest.raises(ApiError) as caught:
        await rig.tools.end(other, mine.guid)
    assert caught.value.status == 404
    assert await rig.works(tokens["access_token"])
    assert await rig.tools.end(caller, mine.guid) == "Posit CLI"
    assert not await rig.works(tokens["access_token"])
    assert rig.ended == [f"tool:{mine.guid}"]
    assert (await rig.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    with pytest.raises(ApiError):
        await rig.tools.end(caller, mine.guid)


async def test_a_handle_made_for_a_tool_lasts_as_long_as_its_sign_in(rig: Rig):
    client_id, tokens = await rig.signed_in()
    caller = await rig.sessions.identify([(b"authorization", f"Bearer {tokens['access_token']}".encode())])
    rig.later(hours=2)
    tokens = (await rig.refresh(client_id, tokens["refresh_token"])).json()
    assert await rig.sessions.still(rig.ann.guid, caller.credential) is not None  # type: ignore[union-attr]
    await rig.tools.drop_client(await rig.sign_in(rig.new_browser(), rig.ann), client_id)
    assert await rig.sessions.still(rig.ann.guid, caller.credential) is None  # type: ignore[union-attr]


async def test_use_is_written_down_for_the_tool_and_its_client(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("server.sessions.identify.SEEN_GRAIN", -1.0)
    client_id, tokens = await rig.signed_in()
    rig.later(minutes=5)
    await rig.works(tokens["access_token"])
    await rig.sessions.flush()
    assert (await rig.tools.client(client_id)).last_used_time == rig.moment


async def test_a_decision_is_made_once(rig: Rig):
    client_id = await rig.register()
    begun = (await rig.tool.post("/oauth/v1/device/authorize", data={"client_id": client_id})).json()
    caller = await rig.sign_in(rig.new_browser(), rig.ann)
    assert await rig.tools.device(begun["user_code"]) is not None
    assert await rig.tools.decide_device(begun["user_code"], caller, allowed=False) is not None
    assert await rig.tools.decide_device(begun["user_code"], caller, allowed=True) is None
    assert await rig.tools.device(begun["user_code"]) is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [("bcdf-ghjk", "BCDF-GHJK"), (" bcdf ghjk ", "BCDF-GHJK"), ("BCDFGHJK", "BCDF-GHJK"), ("ABCD-EFGH", ""), ("", "")],
)
def test_codes_as_people_type_them(typed: str, code: str):
    assert plain_code(typed) == code
