"""A key is made, shown once to the browser that made it, listed without its value, and revoked at once."""

import html
import re
from datetime import timedelta

import httpx

from dashboard.fresh import COOKIE
from server.accounts import store
from server.db.clock import now
from server.sessions.cookies import gateway_cookies
from server.web.caller import Caller
from tests.unit.dashboard.rig import Rig, notices


def key_on(page: str) -> str:
    found = re.search(r'data-copy="([^"]+)" aria-label="Copy the key"', page)
    return html.unescape(found.group(1)) if found else ""


def cookie_of(reply: httpx.Response) -> str:
    return next(value for value in reply.headers.get_list("set-cookie") if value.startswith("tabard_fresh="))


async def test_made_and_shown_once(rig: Rig) -> None:
    alice = await rig.browser("alice")
    made = await alice.post("/keys", {"name": " My laptop ", "expires_days": "30"})
    assert "Path=/keys; HttpOnly" in cookie_of(made)
    page = await alice.told(made)
    value = key_on(page)
    assert value
    assert value not in str(made.headers)
    assert value not in made.text
    known = await rig.services.sessions.identify([(b"authorization", f"Key {value}".encode())])
    assert isinstance(known, Caller)
    assert known.username == "alice"
    again = (await alice.get("/keys")).text
    assert key_on(again) == ""
    assert value not in again
    assert "My laptop" in again
    [row] = await rig.services.db.read(store.keys_of, known.user_id)
    assert row.expires_at is not None
    assert abs(row.expires_at - now() - timedelta(days=30)) < timedelta(minutes=1)


async def test_the_cookie_says_nothing_to_another_session(rig: Rig) -> None:
    alice, bob = await rig.browser("alice"), await rig.browser("bob")
    made = await alice.post("/keys", {"name": "k", "expires_days": ""})
    value = cookie_of(made).partition(";")[0].partition("=")[2]
    for sent in (value, "x", "%%%", value[:-4]):
        bob.client.cookies.set("tabard_fresh", sent, path="/keys")
        page = await bob.get("/keys")
        assert page.status_code == 200
        assert key_on(page.text) == ""


async def test_what_is_missing_is_said(rig: Rig) -> None:
    alice = await rig.browser("alice")
    reply = await alice.post("/keys", {"name": "", "expires_days": "30"})
    assert reply.status_code == 400
    assert "Give the key a name" in reply.text
    assert 'value="30" selected' in reply.text
    reply = await alice.post("/keys", {"name": "kept", "expires_days": "31"})
    assert "Choose how long it works." in reply.text
    assert 'value="kept"' in reply.text
    assert await rig.events("add_api_key") == []


async def test_revoking(rig: Rig) -> None:
    alice, bob = await rig.browser("alice"), await rig.browser("bob")
    value = key_on(await alice.told(await alice.post("/keys", {"name": "k", "expires_days": ""})))
    number = re.findall(r"/keys/(\d+)/revoke", (await alice.get("/keys")).text)[0]
    headers = [(b"authorization", f"Key {value}".encode())]
    assert "revoked already" in notices(await bob.told(await bob.post(f"/keys/{number}/revoke")))[0]
    assert isinstance(await rig.services.sessions.identify(headers), Caller)
    await alice.told(await alice.post(f"/keys/{number}/revoke"))
    assert not isinstance(await rig.services.sessions.identify(headers), Caller)
    assert "No keys yet" in (await alice.get("/keys")).text


def test_the_cookie_with_the_new_key_is_one_that_no_app_gets() -> None:
    assert COOKIE.encode() in gateway_cookies()
