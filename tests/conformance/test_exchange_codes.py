"""Every error of exchange and integrations that clients can meet, one test a number (connect-api.md 3.6, 3.9)."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from server.db.models import Content
from server.oauth.integrations import Draft
from tests.unit.server.vault.house import House, Person, config

OAUTH = "/__api__/v1/oauth"
EXCHANGE = f"{OAUTH}/integrations/credentials"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
USER, CONTENT = "urn:posit:connect:user-session-token", "urn:posit:connect:content-session-token"
ACCESS, AWS = "urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:aws:token-type:credentials"
API_KEY = "urn:posit:connect:api-key"
NOBODY = "00000000-0000-0000-0000-000000000000"


class World:
    """An app that is associated with what each test names, and Alice who looks at it."""

    async def build(self, house: House) -> "World":
        self.house = house
        self.admin, self.owner = await house.person("admin", "administrator"), await house.person("paula", "publisher")
        self.alice = await house.person("alice")
        self.app = await house.content(self.owner)
        self.as_app, self.as_admin = house.browser(key=self.app.key), house.browser(key=self.admin.key)
        self.viewer = await house.integration(self.admin)
        self.service = await house.integration(self.admin, auth_type="Service Account")
        self.visitor = await house.visitor_integration(self.admin)
        await house.connected(self.alice, self.viewer)
        return self

    async def use(self, *integrations: object) -> None:
        await self.house.associate(self.owner, self.app, *integrations)

    def handle(self, person: Person | None = None) -> str:
        return self.house.handles.viewer((person or self.alice).caller, self.app.guid)

    def own_handle(self) -> str:
        return self.house.handles.content(self.app.guid, "i")

    async def exchange(self, **changes: str | None) -> httpx.Response:
        form = {"grant_type": GRANT, "subject_token_type": USER, "subject_token": self.handle(), **changes}
        return await self.as_app.post(EXCHANGE, data={key: value for key, value in form.items() if value is not None})

    def make_content(self, **fields: object) -> None:
        with self.house.change(Content) as rows:
            for name, value in fields.items():
                setattr(rows[0], name, value)
        self.house.directory.forget(self.app.guid)

    async def create(self, **fields: object) -> httpx.Response:
        return await self.as_admin.post(f"{OAUTH}/integrations", json={"template": "custom", **fields})

    async def associate(self, body: object) -> httpx.Response:
        owner = self.house.browser(key=self.owner.key)
        return await owner.put(f"/__api__/v1/content/{self.app.guid}/oauth/integrations/associations", json=body)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    house = House(tmp_path)
    yield await World().build(house)
    await house.aclose()


def told(answer: httpx.Response, code: int, status: int = 400) -> str:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert set(body) == {"code", "error", "payload"}
    assert body["error"]
    return str(body["error"])


async def test_203_client_id(world: World):
    told(await world.create(config=config(client_id="")), 203)


async def test_205_client_secret(world: World):
    told(await world.create(config=config(client_secret="")), 205)


async def test_207_integration_guid(world: World):
    told(await world.as_admin.get(f"{OAUTH}/integrations/not-a-guid"), 207)


async def test_208_associations(world: World):
    told(await world.associate([{"oauth_integration_guid": NOBODY}]), 208)


async def test_209_association_not_permitted(world: World):
    listed = [{"user_guid": world.admin.guid}]
    row = (await world.create(config=config(), permissions=listed)).json()
    told(await world.associate([{"oauth_integration_guid": row["guid"]}]), 209, 403)


async def test_210_no_form(world: World):
    told(await world.as_app.post(EXCHANGE), 210)
    told(await world.as_app.post(EXCHANGE, json={"grant_type": GRANT}), 210)


async def test_211_unreadable_form(world: World):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    told(await world.as_app.post(EXCHANGE, content="a=1&a=2", headers=form), 211)


async def test_212_no_associations(world: World):
    told(await world.exchange(), 212)
    told(await world.exchange(requested_token_type=API_KEY), 212)
    await world.use(world.service)
    told(await world.exchange(), 212)
    told(await world.exchange(requested_token_type=API_KEY), 212)


async def test_213_grant_type(world: World):
    told(await world.exchange(grant_type=None), 213)
    told(await world.exchange(grant_type="authorization_code"), 213)


async def test_214_subject_token_type(world: World):
    told(await world.exchange(subject_token_type=None), 214)
    told(await world.exchange(subject_token_type=ACCESS), 214)


async def test_215_subject_token(world: World):
    told(await world.exchange(subject_token=None), 215)
    told(await world.exchange(subject_token="made up"), 215)
    await world.house.sessions.end(world.alice.caller)
    told(await world.exchange(), 215)


async def test_219_refresh_failed(world: World):
    await world.use(world.viewer)
    draft = Draft(config={"client_id": "other"}, sent=frozenset({"config"}))
    await world.house.integrations.change(world.admin.caller, world.viewer.guid, draft)
    told(await world.exchange(), 219)


async def test_220_no_session(world: World):
    await world.use(world.viewer)
    bob = await world.house.person("bob")
    told(await world.exchange(subject_token=world.handle(bob)), 220, 404)
    told(await world.as_admin.get(f"{OAUTH}/sessions/{NOBODY}"), 220, 404)
    told(await world.as_admin.delete(f"{OAUTH}/sessions/{NOBODY}"), 220, 404)


async def test_223_locked_content(world: World):
    await world.use(world.viewer)
    world.make_content(locked=True)
    told(await world.exchange(), 223, 403)


async def test_225_name(world: World):
    told(await world.create(config=config(), name="x" * 256), 225)


async def test_226_description(world: World):
    told(await world.create(config=config(), description="x" * 4097), 226)


async def test_227_template(world: World):
    told(await world.create(template="nonesuch", config={}), 227)


async def test_228_config(world: World):
    told(await world.create(config=config(surprise="x")), 228)
    refused = await world.create(template="connect", config={"max_role": "Owner"})
    assert refused.json() == {
        "code": 228,
        "error": "The config key max_role must be one of (Viewer, Publisher, Admin)",
        "payload": None,
    }
    here = f"{OAUTH}/integrations/{world.visitor.guid}"
    told(await world.as_admin.patch(here, json={"config": {"max_role": "viewer"}}), 228)
    assert (await world.as_admin.get(here)).json()["config"] == {"max_role": "Viewer"}


async def test_229_template_change(world: World):
    here = f"{OAUTH}/integrations/{world.viewer.guid}"
    told(await world.as_admin.patch(here, json={"template": "snowflake"}), 229)
    for same in (None, "custom"):
        assert (await world.as_admin.patch(here, json={"template": same})).status_code == 200


async def test_230_login_at_something_else(world: World):
    await world.use(world.visitor)
    browser = world.house.browser(world.alice.cookie)
    answer = await browser.get(f"/__oauth__/integrations/{world.visitor.guid}/login?content={world.app.guid}")
    assert answer.status_code == 400


async def test_235_refresh_token(world: World):
    await world.use(world.viewer)
    world.house.provider.live.clear()
    world.house.time.ahead = 3601
    told(await world.exchange(), 235)


async def test_236_content_session_token(world: World):
    await world.use(world.service)
    told(await world.exchange(subject_token_type=CONTENT, subject_token="made up"), 236)
    told(await world.exchange(subject_token_type=CONTENT), 236)


async def test_237_auth_type_of_the_content(world: World):
    world.make_content(app_mode="jupyter-static")
    told(await world.associate([{"oauth_integration_guid": world.visitor.guid}]), 237)
    world.make_content(app_mode="python-streamlit", access_type="all")
    told(await world.associate([{"oauth_integration_guid": world.viewer.guid}]), 237)


async def test_240_verify_is_for_service_accounts(world: World):
    for row in (world.viewer, world.visitor):
        told(await world.as_admin.post(f"{OAUTH}/integrations/{row.guid}/verify"), 240)


async def test_241_no_token_from_upstream(world: World):
    world.house.provider.secret = "other"
    told(await world.as_admin.post(f"{OAUTH}/integrations/{world.service.guid}/verify"), 241)


async def test_241_no_token_for_the_app(world: World):
    world.house.provider.secret = "other"
    await world.use(world.service)
    told(await world.exchange(subject_token_type=CONTENT, subject_token=world.own_handle()), 241, 502)


async def test_242_requested_token_type(world: World):
    told(await world.exchange(requested_token_type="made-up"), 242)
    await world.use(world.visitor)
    said = told(await world.exchange(), 242)
    assert said == "Invalid requested_token_type. Expected 'urn:posit:connect:api-key'"
    told(await world.exchange(requested_token_type=AWS, audience=world.visitor.guid), 242)


async def test_249_subject_and_requested_type_combined(world: World):
    await world.use(world.service)
    told(await world.exchange(subject_token_type=CONTENT, requested_token_type=API_KEY), 249)


async def test_250_no_handler(world: World):
    await world.use(world.viewer)
    told(await world.exchange(requested_token_type=AWS, audience=world.viewer.guid), 250)


async def test_252_subject_type_against_auth_type(world: World):
    await world.use(world.viewer, world.service)
    said = told(await world.exchange(audience=world.service.guid), 252)
    assert said == f"OAuth integration {world.service.guid} does not support Viewer auth flows"
    own = {"subject_token_type": CONTENT, "subject_token": world.own_handle()}
    told(await world.exchange(**own, audience=world.viewer.guid), 252)


async def test_256_audience(world: World):
    await world.use(world.viewer)
    for audience in ("made-up", NOBODY, world.service.guid, f"{{{world.viewer.guid}}}"):
        told(await world.exchange(audience=audience), 256)


async def test_257_several_fit(world: World):
    other = await world.house.integration(world.admin)
    await world.use(world.viewer, other)
    told(await world.exchange(), 257)
    assert (await world.exchange(audience=world.viewer.guid)).status_code == 200


async def test_258_twice(world: World):
    there = {"oauth_integration_guid": world.viewer.guid}
    told(await world.associate([there, there]), 258)
    told(await world.associate([there, {"oauth_integration_guid": world.viewer.guid.upper()}]), 258)


async def test_261_and_262_permissions(world: World):
    told(await world.create(config=config(), permissions=[{"user_guid": NOBODY, "group_guid": None}]), 261)
    told(await world.create(config=config(), permissions=[{"user_guid": None, "group_guid": NOBODY}]), 262)
