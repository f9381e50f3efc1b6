"""Who may see which page, where everybody else is sent, and that no form is taken without its token."""

import pytest

from tests.unit.dashboard.rig import ORIGIN, Rig, notices

PAGES = ("/", "/?view=table", "/integrations", "/integrations/new/custom", "/connections", "/keys", "/apps/x/info")
FORMS = ("/keys", "/integrations/new/custom", "/connections/x/disconnect", "/keys/1/revoke", "/apps/x/access/type")


@pytest.mark.parametrize("path", PAGES)
async def test_strangers_sign_in_and_come_back(rig: Rig, path: str) -> None:
    from urllib.parse import unquote

    reply = await (await rig.browser()).get(path)
    assert reply.status_code == 303
    assert unquote(reply.headers["location"]) == f"/__login__?next={path}"


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_without_a_session_leads_to_sign_in(rig: Rig, path: str) -> None:
    reply = await (await rig.browser()).post(path, {"name": "x"}, Referer=f"{ORIGIN}/keys?a=1")
    assert reply.status_code == 303
    assert reply.headers["location"] == "/__login__?next=/keys%3Fa%3D1"
    reply = await (await rig.browser()).post(path, Referer="http://elsewhere.example/keys")
    assert reply.headers["location"] == "/__login__?next=/"


async def test_a_swapped_part_takes_the_whole_page_to_sign_in(rig: Rig) -> None:
    headers = {"HX-Request": "true", "Referer": f"{ORIGIN}/?view=table"}
    reply = await (await rig.browser()).get("/home/cards?q=a", **headers)
    assert reply.status_code == 401
    assert reply.headers["hx-redirect"] == "/__login__?next=/%3Fview%3Dtable"


async def test_an_api_key_opens_no_page(rig: Rig) -> None:
    from server.accounts.own_keys import OwnKeys

    alice = await rig.person("alice")
    _key, value = await OwnKeys(rig.services.db, rig.services.sessions, rig.services.trail).create(alice, "k", None)
    reply = await (await rig.browser()).get("/keys", Authorization=f"Key {value}")
    assert reply.status_code == 303


@pytest.mark.parametrize("path", FORMS)
async def test_no_form_is_taken_from_elsewhere(rig: Rig, path: str) -> None:
    ada = await rig.browser("ada", "administrator")
    other = await rig.browser("alice")
    stolen = rig.services.csrf.token(other.caller.credential)
    for pairs, headers in (
        ([("csrf", "x")], {}),
        ([("csrf", stolen)], {}),
        ([], {"Origin": "http://elsewhere.example"}),
        ([], {"Sec-Fetch-Site": "cross-site"}),
    ):
        reply = await ada.post(path, pairs, **headers)
        assert reply.status_code == 403, (path, pairs, headers)
        assert "did not come from this site" in reply.text


async def test_what_needs_a_higher_role_is_denied_in_words(rig: Rig) -> None:
    pat, alice = await rig.browser("pat", "publisher"), await rig.browser("alice")
    for browser, path, words in (
        (pat, "/integrations/new", "Only administrators"),
        (pat, "/integrations/new/custom", "Only administrators"),
        (alice, "/integrations", "for people who publish"),
    ):
        reply = await browser.get(path)
        assert reply.status_code == 403
        assert words in reply.text
        assert "An administrator of this server." in reply.text
    assert (await pat.post("/integrations/new/custom", {"name": "x"})).status_code == 403
    assert (await pat.get("/integrations")).status_code == 200


async def test_a_message_is_shown_once_by_the_page_after_a_form(rig: Rig) -> None:
    guid = await rig.content("pat")
    pat = await rig.browser("pat")
    saved = await pat.post(f"/apps/{guid}/info", {"title": "New", "description": ""})
    assert notices(await pat.told(saved)) == ["Done: Saved."]
    assert notices((await pat.get(f"/apps/{guid}/info")).text) == []


async def test_pages_carry_the_security_headers(rig: Rig) -> None:
    guid = await rig.content("pat")
    pat = await rig.browser("pat")
    home, access = await pat.get("/"), await pat.get(f"/apps/{guid}/access")
    for reply in (home, access, await pat.get("/home/cards")):
        assert reply.headers["x-frame-options"] == "DENY"
        assert "script-src 'self'" in reply.headers["content-security-policy"]
        assert reply.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in home.headers["content-security-policy"]
    assert "form-action" not in access.headers["content-security-policy"]  # its button leads to a provider


@pytest.mark.parametrize("number", ["99999999999999999999", "2147483648"])
async def test_a_number_beyond_any_row_is_not_found(rig: Rig, number: str) -> None:
    assert (await (await rig.browser("alice")).post(f"/keys/{number}/revoke")).status_code == 404
