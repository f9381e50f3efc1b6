"""The page for tools elsewhere: a link decides nothing, and codes cannot be guessed for long."""

import pytest

from server.accounts.throttle import FREE_TRIES
from tests.harness.tool_browser import decision_form
from tests.unit.server.authorize.rig import DEVICE, SAME, Rig
from tests.unit.server.authorize.test_room import csrf

PAGE = "/oauth/v1/device"


class Begun:
    """A tool that waits."""

    def __init__(self, client_id: str, told: dict[str, str]) -> None:
        self.client_id, self.told, self.code = client_id, told, told["user_code"]

    async def poll(self, rig: Rig) -> str:
        form = {"grant_type": DEVICE, "client_id": self.client_id, "device_code": self.told["device_code"]}
        reply = (await rig.token(form)).json()
        return str(reply.get("error", "access_token"))


@pytest.fixture
async def begun(rig: Rig) -> Begun:
    client_id = await rig.register()
    reply = await rig.tool.post("/oauth/v1/device/authorize", data={"client_id": client_id})
    return Begun(client_id, reply.json())


async def test_typing_the_code_shows_who_asks_and_a_button_decides(rig: Rig, begun: Begun):
    page = await rig.browser.post(PAGE, data={"csrf": await csrf(rig), "user_code": begun.code.lower()}, headers=SAME)
    assert page.status_code == 200
    for shown in ("Posit CLI", begun.code, "127.0.0.1"):
        assert shown in page.text
    assert await begun.poll(rig) == "authorization_pending"
    action, fields = decision_form(page.text)
    done = await rig.browser.post(action, data=fields | {"decision": "allow"}, headers=SAME)
    assert (done.status_code, "You can go back to the tool" in done.text) == (200, True)
    rig.later(seconds=10)
    assert await begun.poll(rig) == "access_token"


async def test_cancelling(rig: Rig, begun: Begun):
    fields = {"csrf": await csrf(rig), "user_code": begun.code, "decision": "cancel"}
    done = await rig.browser.post(PAGE, data=fields, headers=SAME)
    assert "was not let in" in done.text
    assert await begun.poll(rig) == "access_denied"


async def test_a_link_only_fills_in_the_form(rig: Rig, begun: Begun):
    there = begun.told["verification_uri_complete"].removeprefix("http://localhost:3939")
    signed_out = await rig.tool.get(there)
    assert signed_out.headers["location"] == f"/__login__?next={PAGE}%3Fuser_code%3D{begun.code}"
    page = await rig.browser.get(there)
    assert (page.status_code, f'value="{begun.code}"' in page.text) == (200, True)
    assert "Posit CLI" not in page.text
    await rig.browser.get(f"{there}&decision=allow")
    assert await begun.poll(rig) == "authorization_pending"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_only_our_own_page_decides(rig: Rig, begun: Begun):
    fields = {"csrf": await csrf(rig), "user_code": begun.code, "decision": "allow"}
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert (await rig.browser.post(PAGE, data=fields, headers=cross)).status_code == 403
    assert (await rig.browser.post(PAGE, data=fields | {"csrf": "x"}, headers=SAME)).status_code == 403
    assert (await rig.tool.post(PAGE, data=fields, headers=SAME)).status_code == 303
    assert await begun.poll(rig) == "authorization_pending"


async def test_guessing_is_slowed_down_also_for_the_right_code(rig: Rig, begun: Begun):
    token = await csrf(rig)
    for number in range(FREE_TRIES):
        wrong = await rig.browser.post(PAGE, data={"csrf": token, "user_code": f"BBBB-BBB{number}"}, headers=SAME)
        assert wrong.status_code == 400
    for fields in (
        {"user_code": "BBBB-BBBB"},
        {"user_code": begun.code},
        {"user_code": begun.code, "decision": "allow"},
    ):
        reply = await rig.browser.post(PAGE, data=fields | {"csrf": token}, headers=SAME)
        assert (reply.status_code, "Please wait" in reply.text) == (429, True)
    assert await begun.poll(rig) == "authorization_pending"


async def test_a_code_that_ended_is_unknown(rig: Rig, begun: Begun):
    rig.later(minutes=11)
    fields = {"csrf": await csrf(rig), "user_code": begun.code}
    for more in ({}, {"decision": "allow"}):
        reply = await rig.browser.post(PAGE, data=fields | more, headers=SAME)
        assert (reply.status_code, "No tool waits for this code" in reply.text) == (400, True)
