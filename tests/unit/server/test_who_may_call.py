"""Who may call what is a table that is checked in (S-10), and what is not theirs looks like nothing at all (S-11)."""

from pathlib import Path

import pytest

from server.accounts import store as accounts
from server.api import api_routes
from server.web.csrf import HEADER as CSRF
from tests.harness.signing import Signer
from tests.unit.server import who_may_call
from tests.unit.server.house import House, open_house
from tests.unit.server.samples import World

UNKNOWN = "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"
ORIGIN = "http://localhost:3939"


async def test_every_route_answers_everybody_as_the_table_says(tmp_path: Path):
    table = who_may_call.read()
    answered = await who_may_call.now(tmp_path, table)
    # A route that is new is not in the table, and one that is gone still is: look at it, then write it
    # (python -m tests.unit.server.who_may_call).
    assert who_may_call.by_words(answered) == who_may_call.by_words(table)


async def test_what_a_stranger_may_not_see_answers_as_what_is_not_there(tmp_path: Path):
    async with open_house(tmp_path) as house:
        item = house.fill()
        world = World(house, "publisher", item)
        asked = 0
        for route in api_routes(house.services):
            if not route.path.startswith(("/v1/content/{guid}", "/applications/{guid}")):
                continue
            path, terms = await world.path(route), await world.terms(route)
            there = await house.call("publisher", route.method, path, **terms)
            nowhere = await house.call("publisher", route.method, path.replace(item.guid, UNKNOWN), **terms)
            assert there.status_code == 404, (route.method, route.path, there.text)
            assert there.content == nowhere.content, route.path
            assert dict(there.headers) == dict(nowhere.headers), route.path
            asked += 1
        assert asked >= 30


async def test_an_owners_key_of_a_viewers_role_opens_what_a_viewer_may_and_no_more(tmp_path: Path):
    """Such is also the key by which another's app acts for her, so it may neither share nor read on (S-09)."""
    table, asked = who_may_call.read(), 0
    async with open_house(tmp_path) as house:
        item = house.fill()
        owner = house.people["owner"]
        house.keys["owner"] = house.services.db.write_now(lambda s: accounts.add_key(s, owner, "low", role="viewer"))[1]
        world = World(house, "owner", item)
        for route in api_routes(house.services):
            about = route.path.startswith(("/v1/content/{guid}", "/applications", "/variants", "/schedules"))
            if about and table[who_may_call.name(route)]["viewer"] == "403":
                path, terms = await world.path(route), await world.terms(route)
                reply = await house.call("owner", route.method, path, **terms)
                assert reply.status_code == 403, (route.method, route.path, reply.text)
                asked += 1
        assert (await house.call("owner", "GET", f"/v1/content/{item.guid}")).json()["app_role"] == "owner"
    assert asked >= 30


async def signed_in(house: House, name: str) -> tuple[str, str]:
    """A session's cookie, and the token of our own pages for it."""
    token, _life = await house.services.sessions.open(house.people[name].id, address="", user_agent="")
    cookie = f"{house.services.sessions.cookie}={token}"
    caller = await house.services.sessions.identify([(b"cookie", cookie.encode())])
    return cookie, house.services.csrf.token(caller.credential)


async def test_a_key_wins_over_a_cookie_and_needs_no_token_of_a_page(tmp_path: Path):
    async with open_house(tmp_path) as house:
        house.fill()
        cookie, _token = await signed_in(house, "administrator")
        both = {"Cookie": cookie}
        assert (await house.call("viewer", "GET", "/v1/user", headers=both)).json()["username"] == "viewer"
        # The administrator's cookie lends the viewer's key nothing, and takes nothing from the owner's.
        assert (await house.call("viewer", "POST", "/v1/content", headers=both, json={})).status_code == 403
        made = await house.call("owner", "POST", "/v1/content", headers=both, json={})
        assert made.json()["owner_guid"] == house.people["owner"].guid


async def test_a_cookie_needs_the_token_of_our_own_page_for_what_changes_something(tmp_path: Path):
    async with open_house(tmp_path) as house:
        house.fill()
        cookie, token = await signed_in(house, "owner")
        page = {"Cookie": cookie, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", CSRF: token}
        assert (await house.call("", "GET", "/v1/user", headers={"Cookie": cookie})).status_code == 200
        assert (await house.call("", "POST", "/v1/content", headers=page, json={})).status_code == 200
        foreign = (await signed_in(house, "collaborator"))[1]
        for wrong in (
            {"Cookie": cookie},
            {"Cookie": cookie, CSRF: token},
            page | {CSRF: foreign},
            page | {"Origin": "https://evil.example"},
            page | {"Sec-Fetch-Site": "cross-site"},
            {name: value for name, value in page.items() if name != CSRF},
        ):
            refused = await house.call("", "POST", "/v1/content", headers=wrong, json={})
            assert (refused.status_code, refused.json()["code"]) == (403, 92), wrong


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (["Key {viewer}", "Key {owner}"], 400),
        (["Key {viewer}", "Key {viewer}"], 400),
        (["Key {viewer}, Key {owner}"], 401),
        (["Key nobody"], 401),
        (["Key "], 401),
        (["Bearer nobody"], 401),
        (["Unknown x"], 401),
    ],
)
async def test_one_request_has_one_identity(tmp_path: Path, fields: list[str], status: int):
    """G-32: two identities, or one that is not valid beside a cookie that is, are nobody."""
    async with open_house(tmp_path) as house:
        house.fill()
        cookie, _token = await signed_in(house, "owner")
        sent = [("Cookie", cookie), *(("Authorization", field.format(**house.keys)) for field in fields)]
        reply = await house.client.get("/v1/user", headers=sent)
        assert reply.status_code == status, reply.text
        assert set(reply.json()) == {"code", "error", "payload"}


async def test_a_signature_is_an_identity_too(tmp_path: Path):
    """G-32: beside a key it is one too many; not valid, it is nobody, whatever cookie comes along."""
    async with open_house(tmp_path) as house:
        house.fill()
        cookie, _token = await signed_in(house, "owner")
        signed = Signer().headers("GET", "/__api__/v1/user")
        for more, status in (
            ({"Authorization": f"Key {house.keys['owner']}"}, 400),
            ({"Authorization": "Bearer x"}, 400),
            ({"Authorization": "Basic eDp5"}, 400),
            ({"Cookie": cookie}, 401),
            ({}, 401),
        ):
            reply = await house.client.get("/v1/user", headers=signed | more)
            assert (reply.status_code, set(reply.json())) == (status, {"code", "error", "payload"}), more


async def test_headers_that_claim_an_identity_are_none(tmp_path: Path):
    async with open_house(tmp_path) as house:
        house.fill()
        key = house.keys["administrator"]
        for name, value in (("X-RSC-Authorization", key), ("X-RSC-Authorization", f"Key {key}"), ("X-Api-Key", key)):
            assert (await house.client.get("/v1/user", headers={name: value})).status_code == 401
            other = {"Authorization": f"Key {house.keys['viewer']}", name: value}
            assert (await house.client.get("/v1/user", headers=other)).json()["username"] == "viewer"


async def test_a_bearer_that_ended_says_so_by_the_book(tmp_path: Path):
    """RFC 6750 section 3; rsconnect refreshes on any 401."""
    async with open_house(tmp_path) as house:
        reply = await house.client.get("/v1/user", headers={"Authorization": "Bearer ended"})
        assert (reply.status_code, reply.json()["code"]) == (401, 30)
        assert reply.headers["www-authenticate"] == 'Bearer realm="Tabard", error="invalid_token"'
        assert (await house.client.get("/server_settings", headers={"Authorization": "Bearer x"})).status_code == 200
