"""A consent for one of a vendor's roles: pinned, picked, held already, refused; and back where it was started."""

import re
import secrets
from typing import Any

import httpx
import pytest

from server.connect.answer import Answer
from server.connect.roles import picked, refuses_role
from server.db.models import Connection, Flow, Integration, RoleChoice
from server.oauth.integrations import Draft
from tests.unit.server.vault.house import CALLBACK, House, challenge_of

SITE = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:3939"}
BACK = "/__oauth__/integrations/callback"


class World:
    """An app that uses a vendor with roles, and Ada who may see it."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def build(self) -> "World":
        self.admin, self.ada = await self.house.person("admin", "administrator"), await self.house.person("ada")
        self.row, self.app = await self.house.snowflake(self.admin), await self.house.content(self.admin)
        await self.house.associate(self.admin, self.app, self.row)
        self.browser = self.house.browser(self.ada.cookie)
        self.login = f"/__oauth__/integrations/{self.row.guid}/login"
        self.home = f"/content/{self.app.guid}/"
        return self

    async def pin(self, role: str) -> None:
        view = await self.house.directory.by_guid(self.app.guid)
        assert view is not None
        await self.house.associations.replace(self.admin.caller, view, [self.row.guid], {self.row.guid: role})

    async def gate(self, **query: str) -> str:
        reply = await self.browser.get(self.login, params={"content": self.app.guid, **query})
        assert reply.status_code == 200, reply.text
        return reply.text

    async def start(self, **fields: str) -> httpx.Response:
        form = {"csrf": self.house.csrf.token(self.ada.caller.credential), "next": self.home, "content": self.app.guid}
        return await self.browser.post(self.login, data={**form, **fields}, headers=SITE)

    async def consent(self, **fields: str) -> httpx.Response:
        asked = challenge_of((await self.start(**fields)).headers["location"])
        code = f"ada-{secrets.token_hex(8)}"
        self.house.provider.challenges[code] = asked["code_challenge"]
        return await self.browser.get(BACK, params={"code": code, "state": asked["state"]})

    async def refused(self, error: str, said: str = "", **fields: str) -> httpx.Response:
        asked = challenge_of((await self.start(**fields)).headers["location"])
        return await self.browser.get(BACK, params={"error": error, "error_description": said, "state": asked["state"]})

    async def role(self) -> str:
        (there,) = await self.house.associations.for_content(self.app.guid)
        return await self.house.choices.role_for(self.ada.id, there, self.app.guid)

    async def needs(self) -> list[str]:
        view = await self.house.directory.by_guid(self.app.guid)
        assert view is not None
        found: Any = await self.house.consent.check(
            self.ada.caller, view, await self.house.associations.for_content(self.app.guid)
        )
        return [needed.role for needed in getattr(found, "integrations", ())]


@pytest.fixture
async def world(house: House) -> World:
    return await World(house).build()


def offered(page: str) -> list[str]:
    return re.findall(r'name="role_pick" value="([^"]*)"', page)


def chosen(page: str) -> list[str]:
    return re.findall(r'name="role_pick" value="([^"]*)" checked', page)


@pytest.mark.parametrize(
    ("form", "role", "wrong"),
    [
        ({}, None, False),
        ({"role": ""}, None, False),
        ({"role": " ANALYST "}, "ANALYST", False),
        ({"role_pick": "default", "role": "x"}, "", False),
        ({"role_pick": "named:Analyst", "role": "x"}, "Analyst", False),
        ({"role_pick": "typed", "role": "x"}, "x", False),
        ({"role_pick": "typed", "role": " "}, "", True),
    ],
)
def test_what_a_form_says(form: dict[str, str], role: str | None, wrong: bool):
    found, problem = picked(form)
    assert (found, bool(problem)) == (role, wrong)


@pytest.mark.parametrize(
    ("error", "said", "role", "about_it"),
    [
        ("invalid_scope", "", "", True),
        ("unauthorized_client", "", "LOADER", True),
        ("access_denied", "", "LOADER", False),
        ("access_denied", "The ROLE is blocked", "", True),
        ("access_denied", "loader is not yours", "LOADER", True),
        ("access_denied", "The user said no", "LOADER", False),
        ("server_error", "role", "LOADER", False),
    ],
)
def test_what_a_refusal_is_about(error: str, said: str, role: str, about_it: bool):
    assert refuses_role(Answer("s", error=error, said=said), role) is about_it


async def test_a_typed_role_is_asked_for_kept_and_remembered(world: World, house: House):
    assert offered(await world.gate()) == ["default", "typed"]
    assert await world.needs() == [""]
    back = await world.consent(role_pick="typed", role="Analyst")
    assert (back.status_code, back.headers["location"]) == (303, world.home)
    assert house.connection().role_key == "Analyst"
    assert (await world.role(), await world.needs()) == ("Analyst", [])
    assert await house.choices.default(world.ada.id, world.row.guid) == "Analyst"
    page = await world.gate()
    assert (offered(page), chosen(page)) == (["default", "named:Analyst", "typed"], ["named:Analyst"])
    assert ">connected<" in page


async def test_the_role_goes_to_the_provider_as_a_scope(world: World, house: House):
    asked = challenge_of((await world.start(role_pick="typed", role="Analyst")).headers["location"])
    assert asked["scope"].split() == ["refresh_token", "session:role:Analyst"]
    assert house.rows(Flow)[0].role == "Analyst"
    asked = challenge_of((await world.start(role_pick="default")).headers["location"])
    assert asked["scope"] == "refresh_token"


async def test_a_role_she_holds_is_switched_to_without_the_vendor(world: World, house: House):
    await world.consent(role_pick="default")
    await world.consent(role_pick="typed", role="ANALYST")
    assert len(house.rows(Connection)) == 2
    assert await world.role() == "ANALYST"
    assert await house.choices.default(world.ada.id, world.row.guid) == ""
    flows = len(house.rows(Flow))
    reply = await world.start(role_pick="default")
    assert (reply.status_code, reply.headers["location"], len(house.rows(Flow))) == (303, world.home, flows)
    assert (await world.role(), await world.needs()) == ("", [])
    again = await world.start(role_pick="default")
    assert again.headers["location"].startswith("https://acme.snowflakecomputing.com/oauth/authorize?")


async def test_a_pinned_role_is_said_in_words_and_nothing_else_can_be_asked_for(world: World, house: House):
    await world.consent(role_pick="default")
    await world.pin("REPORTER")
    assert await world.needs() == ["REPORTER"]
    page = await world.gate()
    assert "REPORTER" in page
    assert offered(page) == []
    asked = challenge_of((await world.start(role_pick="typed", role="LOADER")).headers["location"])
    assert "session:role:REPORTER" in asked["scope"]
    await world.consent()
    assert await world.needs() == []
    assert {row.role_key for row in house.rows(Connection)} == {"", "REPORTER"}
    assert [choice.role for choice in house.rows(RoleChoice) if choice.content_guid == world.app.guid] == [""]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"role_pick": "typed", "role": "accountadmin"}, "never lets"),
        ({"role_pick": "typed", "role": ""}, "Type the name"),
        ({"role_pick": "named:" + "A" * 300}, "at most"),
    ],
)
async def test_what_cannot_be_asked_for_is_said_beside_the_field(world: World, house: House, fields, said: str):
    reply = await world.start(**fields)
    assert reply.status_code == 400
    assert said in reply.text
    assert chosen(reply.text) == ["typed"]
    assert house.rows(Flow) == []


async def test_a_refused_role_is_a_page_that_offers_another_and_no_loop(world: World, house: House):
    await world.consent(role_pick="default")
    page = await world.refused("invalid_scope", "The role is blocked.", role_pick="typed", role="LOADER")
    assert page.status_code == 403
    for words in ("the role <strong>LOADER</strong>", "The role is blocked.", "Try again"):
        assert words in page.text, words
    assert chosen(page.text) == ["default"]
    assert (await world.role(), await world.needs()) == ("", [])
    assert [row.status for row in house.rows(Connection)] == ["connected"]
    assert "role_pick" in await world.gate()
    mine = await world.refused("access_denied", "The role requested is blocked.", role_pick="default")
    assert "your default role" in mine.text
    no = await world.refused("access_denied", role_pick="default")
    assert "You said no" in no.text


async def test_a_role_refused_where_the_code_is_redeemed(world: World, house: House):
    house.provider.fault = lambda form: httpx.Response(400, json={"error": "invalid_scope", "error_description": "x"})
    page = await world.consent(role_pick="typed", role="LOADER")
    assert page.status_code == 403
    assert "the role <strong>LOADER</strong>" in page.text
    assert house.rows(Connection) == []


async def test_a_role_named_by_the_address_is_picked_there(world: World):
    page = await world.gate(role="LOADER")
    assert chosen(page) == ["named:LOADER"]
    page = await world.gate(role="ACCOUNTADMIN")
    assert (chosen(page), "never lets" in page) == (["typed"], True)


async def test_connecting_without_content_sets_the_default_once(world: World, house: House):
    await world.consent(role_pick="typed", role="ANALYST", content="", next="/connections")
    assert await house.choices.default(world.ada.id, world.row.guid) == "ANALYST"
    back = await world.consent(role_pick="typed", role="LOADER", content="", next="/connections")
    assert back.headers["location"] == "/connections"
    assert await house.choices.default(world.ada.id, world.row.guid) == "ANALYST"
    assert len(house.rows(Connection)) == 2


async def test_an_integration_may_have_an_address_of_its_own(world: World, house: House):
    with house.change(Integration) as rows:
        rows[0].own_callback = True
    asked = challenge_of((await world.start()).headers["location"])
    own = f"{CALLBACK}/{world.row.guid}"
    assert asked["redirect_uri"] == own
    house.provider.challenges["ada-1"] = asked["code_challenge"]
    answer = {"code": "ada-1", "state": asked["state"]}
    other = await house.integration(world.admin)
    for wrong in (BACK, f"{BACK}/{other.guid}"):
        assert (await world.browser.get(wrong, params=answer)).status_code == 400
        asked = challenge_of((await world.start()).headers["location"])
        house.provider.challenges["ada-1"] = asked["code_challenge"]
        answer = {"code": "ada-1", "state": asked["state"]}
    assert house.provider.of("authorization_code") == []
    assert (await world.browser.get(own.removeprefix("http://localhost:3939"), params=answer)).status_code == 303
    assert house.provider.of("authorization_code")[0]["redirect_uri"] == own


async def test_another_account_is_shown_and_where_one_is_kept_refused(world: World, house: House):
    def provider(name: str) -> None:
        body = {"access_token": "at", "token_type": "bearer", "username": name, "expires_in": 600}
        house.provider.fault = lambda form: httpx.Response(200, json={**body, "refresh_token": secrets.token_hex(4)})

    provider("ADA")
    assert (await world.consent()).headers["location"] == world.home
    provider("BOB")
    moved = await world.consent()
    assert moved.status_code == 303
    page = await world.browser.get(moved.headers["location"])
    assert page.status_code == 200
    assert all(words in page.text for words in ("BOB", "ADA", f'href="{world.home}"'))
    assert (await house.browser(world.admin.cookie).get(moved.headers["location"])).status_code == 400
    with house.change(Integration) as rows:
        rows[0].one_account = True
    provider("EVE")
    refused = await world.consent()
    assert refused.status_code == 403
    assert all(words in refused.text for words in ("EVE", "BOB"))
    assert house.connection().account == "BOB"
    assert [action for action in await house.actions() if "account" in action] == [
        "change_oauth_account",
        "refuse_oauth_account",
    ]


async def test_missing_scopes_are_named_on_the_page_that_asks_again(house: House):
    world = await World(house).build()
    row = await house.integration(world.admin)
    await house.associate(world.admin, world.app, row)
    world.row, world.login = row, f"/__oauth__/integrations/{row.guid}/login"
    house.provider.scope = "offline_access"
    await world.consent()
    view = await house.directory.by_guid(world.app.guid)
    assert view is not None
    found: Any = await house.consent.check(world.ada.caller, view, await house.associations.for_content(world.app.guid))
    assert "read" in found.integrations[0].again


async def test_a_flow_outlives_a_restart(world: World, house: House, tmp_path):
    asked = challenge_of((await world.start(role_pick="typed", role="LOADER")).headers["location"])
    house.provider.challenges["ada-1"] = asked["code_challenge"]
    later = House(tmp_path, path=house.path, provider=house.provider)
    browser = later.browser(world.ada.cookie)
    browser.cookies.set("tabard_flow", world.browser.cookies["tabard_flow"])
    back = await browser.get(BACK, params={"code": "ada-1", "state": asked["state"]})
    assert (back.status_code, back.headers["location"]) == (303, world.home)
    assert later.connection().role_key == "LOADER"
    await later.aclose()


async def test_what_an_administrator_agreed_to_ahead_goes_straight_to_the_vendor_once(world: World, house: House):
    await house.delegations.preauthorize(world.admin.caller, world.ada.guid, world.row.guid, "LOADER")
    here = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"}

    async def opened(**headers: str) -> int:
        query = {"content": world.app.guid, "role": "LOADER"}
        return (await world.browser.get(world.login, params=query, headers={**here, **headers})).status_code

    assert await opened(**{"Sec-Fetch-Site": "cross-site"}) == 200
    assert await opened(**{"Sec-Fetch-Dest": "iframe"}) == 200
    assert house.rows(Flow) == []
    assert await opened() == 303
    assert house.rows(Flow)[0].role == "LOADER"
    assert await opened() == 200


async def test_an_integration_that_changed_while_a_role_was_asked_for(world: World, house: House):
    asked = challenge_of((await world.start(role_pick="typed", role="LOADER")).headers["location"])
    draft = Draft(config={"account_url": "https://other.snowflakecomputing.com"}, sent=frozenset({"config"}))
    await house.integrations.change(world.admin.caller, world.row.guid, draft)
    assert (await world.browser.get(BACK, params={"code": "c", "state": asked["state"]})).status_code == 409
