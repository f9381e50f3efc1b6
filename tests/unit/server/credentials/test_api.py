"""The exchange: who may, for whom, with which integration, and every answer (connect-api.md 3.6; security.md 3.2)."""

import asyncio

import httpx
import pytest

from server.access import store as access
from server.accounts.own_keys import OwnKeys
from server.content import store as content
from server.credentials.limits import Limits
from server.db.models import ApiKey, AuditEvent, Connection, Content, VisitorKey
from server.groups import store as groups
from server.groups.groups import Groups
from server.oauth.integrations import Draft
from server.web.caller import Caller
from server.web.errors import ApiError
from tests.unit.server.vault.house import CANARY, House, lock, until

PATH = "/__api__/v1/oauth/integrations/credentials"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
USER = "urn:posit:connect:user-session-token"
CONTENT = "urn:posit:connect:content-session-token"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
API_KEY = "urn:posit:connect:api-key"
AWS = "urn:ietf:params:aws:token-type:credentials"


class World:
    async def build(self, house: House):
        self.house = house
        self.admin = await house.person("admin", "administrator")
        self.owner = await house.person("paula", "publisher")
        self.alice = await house.person("alice")
        self.integration = await house.integration(self.admin)
        self.app = await house.content(self.owner)
        await house.associate(self.owner, self.app, self.integration)
        await house.connected(self.alice, self.integration)
        self.as_app = house.browser(key=self.app.key)
        self.handle = house.handles.viewer(self.alice.caller, self.app.guid)
        return self

    def form(self, **changes):
        form = {"grant_type": GRANT, "subject_token_type": USER, "subject_token": self.handle, **changes}
        return {key: value for key, value in form.items() if value is not None}

    async def exchange(self, client=None, **changes) -> httpx.Response:
        return await (client or self.as_app).post(PATH, data=self.form(**changes))


@pytest.fixture
async def world(house: House) -> World:
    return await World().build(house)


def told(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


async def test_an_app_gets_the_viewers_own_token(world, house):
    answer = await world.exchange()
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"access_token", "issued_token_type", "token_type", "expires_in"}
    assert (body["access_token"], body["issued_token_type"], body["token_type"]) == ("at-alice-0", ACCESS, "Bearer")
    assert 3590 <= body["expires_in"] <= 3600
    assert answer.headers["cache-control"] == "no-store"
    assert (await world.exchange()).json()["access_token"] == "at-alice-0"
    await house.trail.aclose()
    (event, _) = [row for row in house.rows(AuditEvent) if row.action == "exchange_credentials"]
    assert event.actor == "alice"
    assert event.data["content"] == world.app.guid
    assert "at-alice" not in str(event.data)


async def test_an_expired_token_is_replaced_without_anyone_asking(world, house):
    house.time.ahead = 3590
    answers = await asyncio.gather(*(world.exchange() for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    assert house.provider.refreshes == 1
    assert all(CANARY not in answer.text + str(answer.headers) for answer in answers)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": None}, 213),
        ({"subject_token_type": None}, 214),
        ({"subject_token_type": "foo"}, 214),
        ({"subject_token": None}, 215),
        ({"subject_token": "nonsense"}, 215),
        ({"subject_token": "x" * 100_000}, 211),
        ({"subject_token_type": CONTENT}, 236),
        ({"subject_token_type": CONTENT, "requested_token_type": API_KEY}, 249),
        ({"requested_token_type": "foo"}, 242),
        ({"requested_token_type": API_KEY}, 212),
        ({"requested_token_type": "urn:ietf:params:aws:token-type:credentials"}, 212),
        ({"audience": "nonsense"}, 256),
        ({"audience": "00000000-0000-0000-0000-000000000000"}, 256),
    ],
)
async def test_what_does_not_fit_has_connects_number(world, changes, code):
    answer = await world.exchange(**changes)
    assert answer.json()["code"] == code
    assert answer.status_code in (400, 413)


async def test_only_a_form_counts(world):
    as_json = await world.as_app.post(PATH, json=world.form())
    assert told(as_json) == (400, 210)
    in_query = await world.as_app.post(PATH, params=world.form(), data=world.form())
    assert told(in_query) == (400, 211)
    assert told(await world.as_app.post(PATH)) == (400, 210)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    twice = await world.as_app.post(PATH, content="subject_token=a&subject_token=b", headers=kind)
    assert told(twice) == (400, 211)
    assert (await world.as_app.get(PATH)).status_code == 405
    assert "access-control-allow-origin" not in as_json.headers


async def test_only_the_app_itself_may_exchange(world, house):
    other = await house.content(world.owner)
    foreign = await world.exchange(house.browser(key=other.key))
    made_up = await world.exchange(subject_token="nonsense")
    assert foreign.status_code == 403
    assert foreign.json() == made_up.json()
    for person in (world.owner, world.admin, world.alice):
        assert told(await world.exchange(house.browser(key=person.key))) == (403, 22)
        csrf = house.csrf.token(person.caller.credential)
        headers = {"Origin": "http://localhost:3939", "X-Tabard-Csrf": csrf}
        by_cookie = await house.browser(person.cookie).post(PATH, data=world.form(), headers=headers)
        assert told(by_cookie) == (403, 22)
    assert (await world.exchange(house.browser())).status_code == 401
    assert (await house.actions()).count("refuse_exchange") == 7


@pytest.mark.parametrize("wanted", [None, API_KEY])
async def test_an_app_that_looks_at_itself_is_nobodys_viewer(world, house, wanted):
    """Its own key speaks for its owner: a collaborator's code could else have the owner's token, or a key of hers."""
    visitor = await house.visitor_integration(world.admin, "Admin")
    await house.associate(world.owner, world.app, world.integration, visitor)
    await house.connected(world.owner, world.integration)
    itself = await house.sessions.identify([(b"authorization", f"Key {world.app.key}".encode())])
    assert itself.guid == world.owner.guid
    handle = house.handles.viewer(itself, world.app.guid)
    assert told(await world.exchange(subject_token=handle, requested_token_type=wanted)) == (400, 215)


async def test_a_handle_of_another_deployment_or_bent_is_nothing(world, house):
    bodies = set()
    for place in (0, 10, 40, len(world.handle) - 1):
        bent = world.handle[:place] + ("A" if world.handle[place] != "A" else "B") + world.handle[place + 1 :]
        answer = await world.exchange(subject_token=bent)
        # The last character of base64 may carry no bits of its own.
        if place != len(world.handle) - 1 or answer.status_code != 200:
            assert answer.status_code == 400
            bodies.add(answer.text)
    assert len(bodies) == 1


async def test_a_handle_dies_with_the_session(world, house):
    await house.sessions.end(world.alice.caller)
    assert told(await world.exchange()) == (400, 215)


async def test_a_locked_viewer_gets_nothing(world, house):
    await house.db.write(lock, world.alice.guid)
    await house.sessions.person_changed(world.alice.guid, end_sessions=False)
    assert told(await world.exchange()) == (400, 215)


async def test_a_viewer_who_leaves_the_group_gets_nothing_more(world, house):
    team = await house.db.write(groups.add, "Team", world.owner.id)
    await house.db.write(groups.join, team.id, world.alice.guid)
    view = await house.directory.by_guid(world.app.guid)
    await house.db.write(content.change, world.app.guid, {"access_type": "acl"})
    await house.db.write(access.put, view.id, world.owner.guid, team.guid, "viewer", "group")
    house.directory.forget(world.app.guid)
    house.sessions.people_changed([world.alice.guid])
    assert (await world.exchange()).status_code == 200
    service = Groups(house.db, house.sessions, house.directory, house.trail)
    await service.remove_member(world.owner.caller, team.guid, world.alice.guid)
    assert told(await world.exchange()) == (403, 19)
    await service.add_member(world.owner.caller, team.guid, world.alice.guid)
    assert (await world.exchange()).status_code == 200
    await service.delete(world.owner.caller, team.guid)
    assert told(await world.exchange()) == (403, 19)


async def test_access_and_association_are_asked_each_time(world, house):
    assert (await world.exchange()).status_code == 200
    with house.change(Content) as rows:
        rows[0].access_type = "acl"
    house.directory.forget(world.app.guid)
    assert told(await world.exchange()) == (403, 19)
    with house.change(Content) as rows:
        rows[0].access_type = "all"
    house.directory.forget(world.app.guid)
    assert told(await world.exchange()) == (403, 237)
    with house.change(Content) as rows:
        rows[0].access_type = "logged_in"
    house.directory.forget(world.app.guid)
    assert (await world.exchange()).status_code == 200
    await house.associate(world.owner, world.app)
    assert told(await world.exchange()) == (400, 212)
    assert told(await world.exchange(audience=world.integration.guid)) == (400, 256)


async def test_locked_content_gets_nothing(world, house):
    with house.change(Content) as rows:
        rows[0].locked = True
    house.directory.forget(world.app.guid)
    assert told(await world.exchange()) == (403, 223)


@pytest.mark.parametrize("what", ["association", "access", "session", "content"])
async def test_what_is_taken_away_while_the_provider_answers_counts(world, house, what):
    house.time.ahead = 3601
    house.provider.delay = 0.2
    asked = asyncio.create_task(world.exchange())
    await until(lambda: house.provider.refreshes == 1)
    if what == "association":
        await house.associate(world.owner, world.app)
    elif what == "session":
        await house.sessions.end(world.alice.caller)
    else:
        with house.change(Content) as rows:
            rows[0].access_type, rows[0].locked = "acl", what == "content"
        house.directory.forget(world.app.guid)
    refused = {"association": (400, 212), "access": (403, 19), "session": (400, 215), "content": (403, 223)}
    assert told(await asked) == refused[what]


async def test_several_integrations_need_an_audience(world, house):
    second = await house.integration(world.admin)
    service = await house.integration(world.admin, auth_type="Service Account")
    await house.associate(world.owner, world.app, world.integration, second, service)
    assert told(await world.exchange()) == (400, 257)
    assert (await world.exchange(audience=world.integration.guid)).status_code == 200
    assert (await world.exchange(audience=world.integration.guid.upper())).status_code == 200
    assert told(await world.exchange(audience=second.guid)) == (404, 220)
    wrong = await world.exchange(audience=service.guid)
    assert told(wrong) == (400, 252)
    assert wrong.json()["error"] == f"OAuth integration {service.guid} does not support Viewer auth flows"
    content = house.handles.content(world.app.guid, "i")
    service_token = await world.exchange(subject_token_type=CONTENT, subject_token=content)
    assert service_token.json()["access_token"].startswith("at-service-")
    crossed = await world.exchange(subject_token_type=CONTENT, subject_token=content, audience=second.guid)
    assert told(crossed) == (400, 252)


async def test_a_service_account_only_fits_its_own_kind_of_handle(world, house):
    service = await house.integration(world.admin, auth_type="Service Account")
    await house.associate(world.owner, world.app, service)
    assert told(await world.exchange()) == (400, 212)
    content = house.handles.content(world.app.guid, "i")
    assert told(await world.exchange(subject_token=content)) == (400, 215)
    other = house.handles.content("00000000-0000-0000-0000-000000000000", "i")
    assert told(await world.exchange(subject_token_type=CONTENT, subject_token=other)) == (403, 236)
    house.provider.secret = "other"
    broken = await world.exchange(subject_token_type=CONTENT, subject_token=content)
    assert told(broken) == (502, 241)


async def test_consent_is_asked_for_with_an_address(world, house):
    bob = await house.person("bob")
    world.handle = house.handles.viewer(bob.caller, world.app.guid)
    answer = await world.exchange()
    assert told(answer) == (404, 220)
    where = answer.json()["payload"]["consent_url"]
    assert where.startswith(f"http://localhost:3939/__oauth__/integrations/{world.integration.guid}/login?content=")
    assert where.endswith(f"next=%2Fcontent%2F{world.app.guid}%2F")
    answer = await world.exchange(next="/year?of=2026")
    assert answer.json()["payload"]["consent_url"].endswith(f"{world.app.guid}%2Fyear%3Fof%3D2026")
    assert told(await world.exchange(next="a b")) == (400, 211)
    assert told(await world.exchange(next="a\\b")) == (400, 211)


async def test_an_ended_connection_says_so_every_time_and_asks_once(world, house):
    house.provider.live.clear()
    house.time.ahead = 3601
    answers = await asyncio.gather(*(world.exchange() for _ in range(50)))
    assert {told(answer) for answer in answers} == {(400, 235)}
    assert len({answer.text for answer in answers}) == 1
    assert house.provider.refreshes == 1


async def test_a_changed_integration_needs_consent(world, house):
    draft = Draft(config={"client_id": "other"}, sent=frozenset({"config"}))
    await house.integrations.change(world.admin.caller, world.integration.guid, draft)
    answer = await world.exchange()
    assert told(answer) == (400, 219)
    assert "consent_url" in answer.json()["payload"]


async def test_trouble_that_may_pass_says_when(world, house):
    house.time.ahead = 3601
    house.provider.fault = lambda _: httpx.Response(429, headers={"Retry-After": "7"})
    answer = await world.exchange()
    assert told(answer) == (503, 241)
    assert 5 <= int(answer.headers["retry-after"]) <= 7
    house.provider.fault = lambda _: httpx.Response(500)
    assert (await world.exchange()).status_code == 503
    assert house.provider.refreshes == 1


async def test_a_disconnect_counts_at_once(world, house):
    assert (await world.exchange()).status_code == 200
    await house.vault.connections.disconnect(world.alice.caller, house.rows(Connection)[0].guid)
    assert told(await world.exchange()) == (404, 220)


async def test_nobody_ever_gets_anothers_token(world, house):
    people = [await house.person(f"viewer{number}") for number in range(12)]
    for person in people:
        await house.connected(person, world.integration)
    house.time.ahead = 3590
    world.house.provider.delay = 0.01
    handles = [house.handles.viewer(person.caller, world.app.guid) for person in people]

    async def ask(number: int) -> tuple[str, str]:
        who = number % len(people)
        answer = await world.exchange(subject_token=handles[who])
        return people[who].caller.username, answer.json()["access_token"]

    for name, token in await asyncio.gather(*(ask(number) for number in range(120))):
        assert token.split("-")[1] == name
    assert house.provider.refreshes == len(people)


async def test_posits_misspelt_grant_type_is_understood_and_resource_and_scope_are_ignored(world):
    answer = await world.exchange(grant_type=GRANT.replace("ietf", "eitf"), resource="https://x", scope="y")
    assert answer.status_code == 200


async def test_an_app_that_asks_too_often_waits_and_no_other_app_or_viewer_does(world, house):
    other, bob = await house.content(world.owner), await house.person("bob")
    await house.associate(world.owner, other, world.integration)
    await house.connected(bob, world.integration)
    moment = [0.0]
    house.exchange._limits = Limits(500, 100, lambda: moment[0])
    for _ in range(1000):
        house.exchange._limits.viewer(world.app.guid, world.alice.guid)
    refused = await world.exchange()
    assert told(refused) == (429, 277)
    assert refused.headers["retry-after"] == "1"
    assert (await world.exchange(subject_token=house.handles.viewer(bob.caller, world.app.guid))).status_code == 200
    elsewhere = house.handles.viewer(world.alice.caller, other.guid)
    as_other = house.browser(key=other.key)
    assert (await world.exchange(as_other, subject_token=elsewhere)).status_code == 200
    moment[0] += 1
    assert (await world.exchange()).status_code == 200
    for _ in range(600):
        house.exchange._limits.wrong(world.app.guid)
    assert told(await world.exchange(subject_token="nonsense")) == (429, 277)
    assert told(await world.exchange()) == (429, 277)
    assert (await world.exchange(as_other, subject_token=elsewhere)).status_code == 200
    assert house.provider.requests == []


class Visiting(World):
    """The app may ask for visitor API keys, and for nothing else."""

    async def open(self, house: House, max_role: str = "Admin"):
        await self.build(house)
        self.visitor = await house.visitor_integration(self.admin, max_role)
        await house.associate(self.owner, self.app, self.visitor)
        return self

    async def key(self, **changes) -> str:
        answer = await self.exchange(requested_token_type=API_KEY, **changes)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    async def who(self, key: str):
        found = await self.house.sessions.identify([(b"authorization", f"Key {key}".encode())])
        return found if isinstance(found, Caller) else None


@pytest.fixture
async def visiting(house: House) -> Visiting:
    return await Visiting().open(house)


async def test_an_app_gets_a_key_that_acts_as_the_viewer(visiting, house):
    answer = await visiting.exchange(requested_token_type=API_KEY, audience=visiting.visitor.guid)
    body = answer.json()
    assert (body["issued_token_type"], body["token_type"]) == (API_KEY, "Key")
    assert 3590 <= body["expires_in"] <= 3600
    assert answer.headers["cache-control"] == "no-store"
    who = await visiting.who(body["access_token"])
    assert (who.guid, who.role) == (visiting.alice.guid, "viewer")
    assert (who.via, who.content_guid) == ("visitor", visiting.app.guid)
    again = await visiting.exchange(requested_token_type=API_KEY)
    assert again.json()["access_token"] == body["access_token"]
    assert len(house.rows(VisitorKey)) == 1
    dumped = "".join(str(vars(row)) for row in house.rows(VisitorKey))
    assert body["access_token"] not in dumped
    assert all(key.user_id != visiting.alice.id or key.name == "test" for key in house.rows(ApiKey))
    await house.trail.aclose()
    assert [e.actor for e in house.rows(AuditEvent) if e.action == "exchange_credentials"] == ["alice", "alice"]


@pytest.mark.parametrize("requested", [None, ACCESS, AWS])
@pytest.mark.parametrize("named", [False, True])
async def test_another_type_than_a_key_is_refused_in_posits_words(visiting, requested, named):
    audience = visiting.visitor.guid if named else None
    answer = await visiting.exchange(requested_token_type=requested, audience=audience)
    assert told(answer) == (400, 242)
    assert answer.json()["error"] == "Invalid requested_token_type. Expected 'urn:posit:connect:api-key'"


@pytest.mark.parametrize(
    ("person", "max_role", "role"),
    [("admin", "Viewer", "viewer"), ("admin", "Publisher", "publisher"), ("admin", "Admin", "administrator"),
     ("owner", "Admin", "publisher"), ("alice", "Admin", "viewer")],
)  # fmt: skip
async def test_the_role_is_the_lower_of_the_two(house, person, max_role, role):
    visiting = await Visiting().open(house, max_role)
    someone = getattr(visiting, person)
    visiting.handle = house.handles.viewer(someone.caller, visiting.app.guid)
    assert (await visiting.who(await visiting.key())).role == role


@pytest.mark.parametrize("what", ["sign out", "lock", "access", "content", "association", "integration", "public"])
async def test_a_key_ends_with_what_it_stands_on(visiting, house, what):
    key = await visiting.key()
    who = await visiting.who(key)
    assert who is not None
    assert await house.sessions.good(who.guid, who.credential)
    if what == "sign out":
        await house.sessions.end(visiting.alice.caller)
        assert house.rows(VisitorKey) == []
    elif what == "lock":
        await house.db.write(lock, visiting.alice.guid)
        await house.sessions.person_changed(visiting.alice.guid, end_sessions=False)
    elif what == "association":
        await house.associate(visiting.owner, visiting.app)
    elif what == "integration":
        await house.integrations.delete(visiting.admin.caller, visiting.visitor.guid)
    else:
        with house.change(Content) as rows:
            rows[0].locked = what == "content"
            rows[0].access_type = {"access": "acl", "public": "all"}.get(what, "logged_in")
        house.directory.forget(visiting.app.guid)
    assert await visiting.who(key) is None
    assert not await house.sessions.good(who.guid, who.credential)


async def test_rights_only_shrink(house):
    visiting = await Visiting().open(house, "Publisher")
    visiting.handle = house.handles.viewer(visiting.admin.caller, visiting.app.guid)
    key = await visiting.key()
    for max_role, role in (("Viewer", "viewer"), ("Admin", "publisher")):
        draft = Draft(config={"max_role": max_role}, sent=frozenset({"config"}))
        await house.integrations.change(visiting.admin.caller, visiting.visitor.guid, draft)
        found = await visiting.who(key)
        assert found.role == role
        assert await visiting.who(key) is found
    assert (await visiting.who(await visiting.key())).role == "administrator"


async def test_two_sign_ins_have_two_keys_and_another_app_a_third(visiting, house):
    first = await visiting.key()
    cookie, _ = await house.sessions.open(visiting.alice.id, address="", user_agent="")
    second = await house.sessions.identify([(b"cookie", f"tabard_session={cookie}".encode())])
    other = await visiting.key(subject_token=house.handles.viewer(second, visiting.app.guid))
    assert other != first
    await house.sessions.end(visiting.alice.caller)
    assert await visiting.who(first) is None
    assert (await visiting.who(other)).username == "alice"


async def test_a_key_makes_neither_keys_nor_further_visits(visiting, house):
    who = await visiting.who(await visiting.key())
    with pytest.raises(ApiError) as refused:
        await OwnKeys(house.db, house.sessions, house.trail).create(who, "forever", None)
    assert refused.value.status == 403
    with pytest.raises(ApiError) as refused:
        await OwnKeys(house.db, house.sessions, house.trail).revoke(who, 1)
    assert refused.value.status == 403
    answer = await visiting.exchange(
        requested_token_type=API_KEY, subject_token=house.handles.viewer(who, visiting.app.guid)
    )
    assert told(answer) == (403, 22)


async def test_a_call_with_a_key_may_use_what_the_viewer_connected_while_the_key_lives(visiting, house):
    await house.associate(visiting.owner, visiting.app, visiting.visitor, visiting.integration)
    who = await visiting.who(await visiting.key())
    handle = house.handles.viewer(who, visiting.app.guid)
    assert (await visiting.exchange(subject_token=handle)).json()["access_token"] == "at-alice-0"
    await house.sessions.end(visiting.alice.caller)
    assert told(await visiting.exchange(subject_token=handle)) == (400, 215)
