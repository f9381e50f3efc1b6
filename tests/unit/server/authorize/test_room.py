"""The page where a person lets a tool act as her: nothing happens by a link, and nobody is led astray."""

import html
from urllib.parse import parse_qs, urlsplit

import pytest

from server.accounts import store as accounts
from server.db.models import ToolCode
from tests.harness.tool_browser import decision_form
from tests.unit.server.authorize.rig import BACK, ORIGIN, SAME, Rig

AUTHORIZE = "/oauth/v1/authorize"


async def test_a_person_allows_a_tool(rig: Rig):
    client_id = await rig.register()
    page = await rig.browser.get(AUTHORIZE, params=rig.asks(client_id))
    assert page.status_code == 200
    for shown in ("Posit CLI", "ann", "publisher", "127.0.0.1:53211", "nobody has checked"):
        assert shown in page.text
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert rig.rows(ToolCode) == []
    answer = await rig.answer(client_id)
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("s1", ORIGIN)


async def test_the_answer_is_private_and_a_see_other(rig: Rig):
    client_id = await rig.register()
    fields = rig.asks(client_id) | {"csrf": await csrf(rig), "decision": "allow"}
    reply = await rig.browser.post(AUTHORIZE, data=fields, headers=SAME)
    assert reply.status_code == 303
    assert reply.headers["location"].startswith(f"{BACK}?code=")
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"


async def csrf(rig: Rig) -> str:
    page = await rig.browser.get("/oauth/v1/device")
    return page.text.split('name="csrf" value="')[1].split('"')[0]


ANYTHING_BUT_ALLOW_IS_A_REFU = ["cancel", "", "Allow", "yes"]


async def test_anything_but_allow_is_a_refusal(rig: Rig):
    for decision in ANYTHING_BUT_ALLOW_IS_A_REFU:
        client_id = await rig.register()
        answer = await rig.answer(client_id, decision)
        assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "s1", ORIGIN)
        assert "code" not in answer
        assert rig.rows(ToolCode) == []


async def test_who_is_signed_out_signs_in_first_and_comes_back(rig: Rig):
    client_id = await rig.register()
    reply = await rig.tool.get(AUTHORIZE, params=rig.asks(client_id))
    assert reply.status_code == 303
    going = parse_qs(urlsplit(reply.headers["location"]).query)["next"][0]
    page = await rig.browser.get(going)
    assert page.status_code == 200
    assert decision_form(page.text)[1]["state"] == "s1"
    too_long = await rig.tool.get(AUTHORIZE, params=rig.asks(client_id, state="s" * 1900))
    assert (too_long.status_code, "too long" in too_long.text) == (400, True)


async def test_a_key_does_not_open_the_page_nor_decide(rig: Rig):
    client_id = await rig.register()
    _row, value = rig.db.write_now(accounts.add_key, rig.ann, "k")
    headers = {"Authorization": f"Key {value}"}
    assert (await rig.browser.get(AUTHORIZE, params=rig.asks(client_id), headers=headers)).status_code == 303
    fields = rig.asks(client_id) | {"csrf": await csrf(rig), "decision": "allow"}
    assert (await rig.browser.post(AUTHORIZE, data=fields, headers=SAME | headers)).status_code == 403
    assert rig.rows(ToolCode) == []


ONLY_OUR_OWN_PAGE_DECIDES = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {},
]


async def test_only_our_own_page_decides(rig: Rig):
    for headers in ONLY_OUR_OWN_PAGE_DECIDES:
        client_id = await rig.register()
        fields = rig.asks(client_id) | {"csrf": await csrf(rig), "decision": "allow"}
        assert (await rig.browser.post(AUTHORIZE, data=fields, headers=headers)).status_code == 403
        assert rig.rows(ToolCode) == []


@pytest.mark.parametrize("sent", ["", "wrong"])
async def test_the_pages_own_token_is_needed(rig: Rig, sent: str):
    fields = rig.asks(await rig.register()) | {"csrf": sent, "decision": "allow"}
    assert (await rig.browser.post(AUTHORIZE, data=fields, headers=SAME)).status_code == 403
    get = await rig.browser.get(AUTHORIZE, params=fields | {"csrf": await csrf(rig)})
    assert get.status_code == 200
    assert rig.rows(ToolCode) == []


A_DOUBTFUL_ADDRESS_IS_NEVER = [
    {"client_id": "unknown"},
    {"client_id": None},
    {"redirect_uri": None},
    {"redirect_uri": "https://evil.example/callback"},
    {"redirect_uri": "http://127.0.0.1:53211/other"},
    {"redirect_uri": "http://127.0.0.1:53211/callback#x"},
    {"redirect_uri": "http://127.0.0.1:53211@evil.example/callback"},
    {"redirect_uri": "http://evil@127.0.0.1:53211/callback"},
    {"redirect_uri": "http://[::1]:53211/callback"},
    {"redirect_uri": "http://localhost:53211/callback"},
    {"redirect_uri": "//127.0.0.1/callback"},
    {"redirect_uri": 'http://127.0.0.1/callback"><script>'},
    {"state": "a\nb"},
]


async def test_a_doubtful_address_is_never_led_to(rig: Rig):
    for changes in A_DOUBTFUL_ADDRESS_IS_NEVER:
        client_id = await rig.register()
        asked = rig.asks(client_id, **changes)
        shown = await rig.browser.get(AUTHORIZE, params=asked)
        fields = asked | {"csrf": await csrf(rig), "decision": "allow"}
        decided = await rig.browser.post(AUTHORIZE, data=fields, headers=SAME)
        for reply in (shown, decided):
            assert reply.status_code == 400
            assert "location" not in reply.headers
            assert "<script>" not in reply.text
            assert "evil" not in reply.text
        assert rig.rows(ToolCode) == []


async def test_a_parameter_sent_twice_is_refused(rig: Rig):
    client_id = await rig.register()
    asked = [*rig.asks(client_id).items(), ("redirect_uri", "https://evil.example/")]
    reply = await rig.browser.get(AUTHORIZE, params=asked)
    assert (reply.status_code, "location" in reply.headers) == (400, False)


WHAT_IS_WRONG_OTHERWISE_IS_T = [
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code token"}, "unsupported_response_type"),
    ({"response_type": None}, "unsupported_response_type"),
]


async def test_what_is_wrong_otherwise_is_told_to_a_tool_on_this_computer(rig: Rig):
    for changes, error in WHAT_IS_WRONG_OTHERWISE_IS_T:
        reply = await rig.browser.get(AUTHORIZE, params=rig.asks(await rig.register(), **changes))
        assert reply.status_code == 303
        assert reply.headers["location"].startswith(f"{BACK}?")
        told = parse_qs(urlsplit(reply.headers["location"]).query)
        assert (told["error"], told["state"], told["iss"]) == ([error], ["s1"], [ORIGIN])


async def test_no_stranger_turns_the_server_into_a_signpost(rig: Rig):
    """Anybody may register an https address, so before a person has agreed nothing leads there."""
    away = "https://evil.example/callback"
    client_id = await rig.register(redirect_uris=[away])
    for changes in ({"code_challenge": None}, {"response_type": "token"}):
        reply = await rig.browser.get(AUTHORIZE, params=rig.asks(client_id, redirect_uri=away, **changes))
        assert (reply.status_code, "location" in reply.headers) == (400, False)
    page = await rig.browser.get(AUTHORIZE, params=rig.asks(client_id, redirect_uri=away))
    assert "Another website" in page.text
    assert "evil.example" in page.text


async def test_names_of_strangers_are_text(rig: Rig):
    name = '<img src=x onerror="alert(1)">{{ 7*7 }}'
    client_id = await rig.register(client_name=name)
    page = await rig.browser.get(AUTHORIZE, params=rig.asks(client_id))
    assert "<img" not in page.text
    assert html.escape(name, quote=False)[:12] in page.text


async def test_a_code_is_the_person_s_who_agreed(rig: Rig):
    bob = rig.db.write_now(lambda s: accounts.add_user(s, username="bob", role="viewer"))
    client_id = await rig.register()
    code = (await rig.answer(client_id))["code"]
    await rig.sign_in(rig.browser, bob)
    tokens = (await rig.redeem(client_id, code)).json()
    caller = await rig.who(tokens["access_token"])
    assert caller.username == "ann"  # type: ignore[union-attr]


async def test_a_link_cannot_fill_in_our_own_fields(rig: Rig):
    asked = rig.asks(await rig.register()) | {"decision": "allow", "csrf": "theirs", "prompt": "none"}
    _action, fields = decision_form((await rig.browser.get(AUTHORIZE, params=asked)).text)
    assert set(fields) == {"csrf", *rig.asks("")}
    assert fields["csrf"] == await csrf(rig)
    refused = await rig.browser.post(AUTHORIZE, data=fields | {"decision": "cancel"}, headers=SAME)
    assert "error=access_denied" in refused.headers["location"]
