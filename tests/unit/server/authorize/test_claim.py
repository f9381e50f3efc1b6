"""The page where a person claims a tool's token: nothing happens by opening it."""

from tests.harness.signing import Signer
from tests.harness.tool_browser import decision_form
from tests.unit.server.authorize.rig import ORIGIN, SAME, Rig


async def test_a_person_allows_or_refuses(rig: Rig):
    for decision, words in (("allow", "You can go back to the tool"), ("cancel", "was not let in")):
        there = await rig.claim_page(Signer())
        page = await rig.browser.get(there)
        assert page.status_code == 200
        for shown in ("PositPublisher/2.11", "127.0.0.1", "ann"):
            assert shown in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        action, fields = decision_form(page.text)
        assert action == there
        done = await rig.browser.post(action, data=fields | {"decision": decision}, headers=SAME)
        assert (done.status_code, words in done.text) == (200, True)
        assert (await rig.browser.get(there)).status_code == 404


async def test_who_is_signed_out_signs_in_first(rig: Rig):
    there = await rig.claim_page(Signer())
    reply = await rig.tool.get(there)
    assert reply.headers["location"] == f"/__login__?next={there}"
    assert (await rig.tool.post(there, data={"decision": "allow"}, headers=SAME)).status_code == 303


async def test_only_our_own_page_decides(rig: Rig):
    there = await rig.claim_page(Signer())
    _action, fields = decision_form((await rig.browser.get(there)).text)
    asked = fields | {"decision": "allow"}
    for headers in ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        assert (await rig.browser.post(there, data=asked, headers=headers)).status_code == 403
    assert (await rig.browser.post(there, data=asked | {"csrf": "x"}, headers=SAME)).status_code == 403
    assert (await rig.browser.get(there)).status_code == 200


async def test_an_unknown_address_is_nothing(rig: Rig):
    for path in ("/claim/x", "/claim/" + "y" * 43):
        assert (await rig.browser.get(path)).status_code == 404
    _action, fields = decision_form((await rig.browser.get(await rig.claim_page(Signer()))).text)
    reply = await rig.browser.post("/claim/z", data=fields | {"decision": "allow"}, headers=SAME | {"Origin": ORIGIN})
    assert reply.status_code == 404
