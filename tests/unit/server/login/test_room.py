"""Signing in and out: cookies, throttling, fixation, ways back."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from server.accounts import store as accounts
from server.accounts.passwords import Passwords
from server.accounts.throttle import FREE_TRIES
from server.audit.trail import Trail
from server.db.engine import Database
from server.db.models import AuditEvent, User
from server.keys.keyring import Keyring
from server.login.room import GENERIC, LoginRoom
from server.sessions.identify import Sessions
from server.web.csrf import Csrf
from server.web.errors import ApiError, reply
from server.web.screens import Screens
from tests.harness.people import csrf_of

ORIGIN = "http://localhost:3939"
SITE = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}


class House:
    """The room with Ann, whose password is known."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.passwords = Passwords(memory_kib=64, passes=1)
        self.trail = Trail(db, gather=0.01)
        self.sessions = Sessions(db, secure=False, idle=3600, absolute=7200)
        screens = Screens(Csrf(Keyring(b"l" * 32), (ORIGIN,)), ORIGIN, https=False)
        room = LoginRoom(db, self.sessions, self.passwords, screens, self.trail, ORIGIN)
        self.rooms = Starlette(
            routes=room.routes(), exception_handlers={ApiError: lambda _request, error: reply(error)}
        )
        self.browser = httpx.AsyncClient(transport=httpx.ASGITransport(self), base_url=ORIGIN)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"caller": await self.sessions.identify(scope["headers"]), "request_id": "r"}
        await self.rooms(scope, receive, send)

    def add(self, name: str = "ann", **more: object) -> User:
        fields = {"password_hash": self.passwords.hash_now("right password")} | more
        return self.db.write_now(lambda s: accounts.add_user(s, username=name, **fields))

    async def sign_in(self, username: str = "ann", password: str = "right password", **how: str) -> httpx.Response:
        page = await self.browser.get("/__login__")
        form = {"csrf": csrf_of(page.text), "username": username, "password": password, "next": how.get("next", "/")}
        return await self.browser.post("/__login__", data=form, headers=SITE)

    async def aclose(self) -> None:
        await self.browser.aclose()
        await self.trail.aclose()
        self.passwords.close()


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    made = House(db)
    yield made
    await made.aclose()


async def test_a_server_without_people_says_what_to_do(house: House):
    page = await house.browser.get("/__login__")
    assert "tabard users add" in page.text
    house.add()
    assert 'name="password"' in (await house.browser.get("/__login__")).text


async def test_signing_in_leads_back(house: House):
    house.add()
    reply = await house.sign_in(next="/content/x/?a=1")
    assert (reply.status_code, reply.headers["location"]) == (303, "/content/x/?a=1")
    cookies = reply.headers.get_list("set-cookie")
    (session,) = [c for c in cookies if c.startswith("tabard_session=")]
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Path=/;" in session
    assert "Domain" not in session
    again = await house.browser.get("/__login__", params={"next": "/content/y/"})
    assert (again.status_code, again.headers["location"]) == (303, "/content/y/")


@pytest.mark.parametrize("going", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_nobody_is_led_elsewhere(house: House, going: str):
    house.add()
    assert (await house.sign_in(next=going)).headers["location"] == "/"
    page = await house.browser.get(f"/__login__?next={quote(going, safe='')}")
    assert page.headers["location"] == "/"


async def test_wrong_passwords_unknown_names_and_locked_people_look_alike(house: House):
    house.add()
    house.add("locked", locked=True)
    house.add("nopassword", password_hash=None)
    texts = set()
    for name, password in (
        ("ann", "wrong password"),
        ("nobody", "right password"),
        ("locked", "right password"),
        ("nopassword", ""),
    ):
        reply = await house.sign_in(name, password)
        assert reply.status_code == 403
        assert GENERIC in reply.text
        assert not any(c.startswith("tabard_session=") for c in reply.headers.get_list("set-cookie"))
        texts.add(len(reply.text.replace(name, "")))
    assert max(texts) - min(texts) < 100


async def test_guessing_is_slowed_down(house: House):
    house.add()
    for _ in range(FREE_TRIES):
        assert (await house.sign_in(password="wrong password")).status_code == 403
    reply = await house.sign_in(password="right password")
    assert reply.status_code == 429
    assert "Please wait" in reply.text
    assert (await house.sign_in("ANN", "right password")).status_code == 429


async def test_guessing_many_at_once_gains_nothing(house: House):
    house.add()
    form = {"csrf": csrf_of((await house.browser.get("/__login__")).text), "username": "ann"}

    async def guess(number: int) -> int:
        sent = {**form, "password": f"wrong {number}"}
        return (await house.browser.post("/__login__", data=sent, headers=SITE)).status_code

    answers = await asyncio.gather(*(guess(number) for number in range(40)))
    assert sorted(set(answers)) == [403, 429]
    assert answers.count(403) == FREE_TRIES


async def test_the_form_needs_its_token_its_cookie_and_our_origin(house: House):
    house.add()
    page = await house.browser.get("/__login__")
    form = {"csrf": csrf_of(page.text), "username": "ann", "password": "right password"}
    for sent, headers in (
        ({**form, "csrf": "x"}, SITE),
        ({k: v for k, v in form.items() if k != "csrf"}, SITE),
        (form, {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}),
        (form, {}),
    ):
        assert (await house.browser.post("/__login__", data=sent, headers=headers)).status_code == 403
    house.browser.cookies.clear()
    assert (await house.browser.post("/__login__", data=form, headers=SITE)).status_code == 403


async def test_a_planted_session_is_worthless_and_a_new_one_replaces_the_old(house: House):
    house.add()
    house.browser.cookies.set("tabard_session", "planted")
    reply = await house.sign_in()
    assert reply.status_code == 303
    first = reply.cookies["tabard_session"]
    assert first != "planted"
    house.browser.cookies.clear()
    second = (await house.sign_in()).cookies["tabard_session"]
    assert second != first


async def test_signing_out_kills_the_session_itself(house: House):
    house.add()
    token = (await house.sign_in()).cookies["tabard_session"]
    caller = await house.sessions.identify([(b"cookie", f"tabard_session={token}".encode())])
    csrf = Csrf(Keyring(b"l" * 32), (ORIGIN,)).token(caller.credential)  # type: ignore[union-attr]
    assert (await house.browser.post("/__logout__", data={"csrf": "x"}, headers=SITE)).status_code == 403
    reply = await house.browser.post("/__logout__", data={"csrf": csrf}, headers=SITE)
    assert (reply.status_code, reply.headers["location"]) == (303, "/__login__")
    assert "Max-Age=0" in reply.headers["set-cookie"]
    after = await house.sessions.identify([(b"cookie", f"tabard_session={token}".encode())])
    assert not after.signed_in  # type: ignore[union-attr]


async def test_old_hashes_are_renewed(house: House):
    weak = Passwords(memory_kib=32, passes=1)
    user = house.add(password_hash=weak.hash_now("right password"))
    weak.close()
    assert (await house.sign_in()).status_code == 303
    fresh = house.db.read_now(accounts.by_guid, user.guid).password_hash
    assert fresh != user.password_hash
    assert await house.passwords.verify(fresh, "right password")


async def test_odd_input_is_no_fault(house: House):
    house.add()
    for name, password in (("", ""), ("x" * 10_000, "y"), ("a\0b", "c" * 10_000), ("ü<script>", "\u202e" * 20)):
        reply = await house.sign_in(name, password)
        assert reply.status_code in (403, 429)
        assert "ü<script>" not in reply.text


async def test_the_trail_hears_of_it(house: House):
    user = house.add()
    await house.sign_in(password="wrong password")
    await house.sign_in()
    await house.trail.aclose()
    rows = house.db.read_now(lambda s: s.exec(select(AuditEvent)).all())
    found = {row.action: row.data for row in rows}
    assert found["sign_in"]["user_guid"] == user.guid
    assert "wrong password" not in str(found)


async def test_a_password_that_was_given_is_replaced_by_ones_own_before_anything_else(house: House):
    given = house.add(must_set_password=True)
    asked = await house.sign_in()
    assert asked.status_code == 200
    assert "Choose a password of your own" in asked.text
    assert house.sessions.cookie not in asked.headers.get("set-cookie", "").replace("tabard_signin", "")

    async def choose(new: str, again: str = "", password: str = "right password") -> httpx.Response:
        page = await house.browser.get("/__login__")
        form = {"csrf": csrf_of(page.text), "username": "ann", "password": password, "next": "/x"}
        form |= {"new_password": new, "again": again or new}
        return await house.browser.post("/__login__", data=form, headers=SITE)

    for new, again, words in (
        ("long enough", "long enouhg", "differ"),
        ("short", "", "at least 8"),
        ("right password", "", "another password"),
    ):
        refused = await choose(new, again)
        assert (refused.status_code, words in refused.text) == (400, True)
    assert (await choose("long enough", password="wrong password")).status_code == 403
    row = house.db.read_now(accounts.by_guid, given.guid)
    assert (row.must_set_password, row.password_hash) == (True, given.password_hash)
    done = await choose("long enough")
    assert (done.status_code, done.headers["location"]) == (303, "/x")
    row = house.db.read_now(accounts.by_guid, given.guid)
    assert not row.must_set_password
    assert await house.passwords.verify(row.password_hash, "long enough")
    house.browser.cookies.clear()
    assert (await house.sign_in()).status_code == 403
    assert (await house.sign_in(password="long enough")).status_code == 303
