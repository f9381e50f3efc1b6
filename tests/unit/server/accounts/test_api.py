"""People and keys by API: who may change what (security.md S-05, S-08, S-09, S-12)."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.accounts import store
from server.accounts.api import PeopleApi, parse_time
from server.accounts.passwords import Passwords
from server.audit.trail import Trail
from server.db.clock import now, wire
from server.db.engine import Database
from server.keys.credentials import digest
from server.sessions.identify import Sessions
from server.web.caller import Caller
from server.web.errors import ApiError
from tests.unit.server.web.asking import asking


class People:
    """The API with an administrator, a publisher and a viewer."""

    def __init__(self, db: Database) -> None:
        self.db, self.trail = db, Trail(db, gather=0.01)
        self.sessions = Sessions(db, secure=False, idle=3600, absolute=7200)
        self.passwords = Passwords(memory_kib=64, passes=1)
        self.ended: list[str] = []
        self.sessions.when_ended(self.ended.append)
        self.routes = PeopleApi(db, self.trail, self.passwords, self.sessions).routes().routes
        self.callers = {role: self.add(role) for role in ("administrator", "publisher", "viewer")}

    def add(self, role: str, via: str = "key") -> Caller:
        user = self.db.write_now(lambda s: store.add_user(s, username=f"a-{role}", role=role))
        return Caller(user.id or 0, user.guid, user.username, user.username, role=role, via=via, credential="key:0")  # type: ignore[arg-type]

    async def call(self, who: Caller, method: str, path: str, body: Any = None, **params: str) -> tuple[int, Any]:
        (route,) = [r for r in self.routes if (r.method, r.path) == (method, path)]
        raw = b"" if body is None else json.dumps(body).encode()
        request = asking(method, caller=who, body=raw, content_type="application/json")
        request.scope["path_params"] = params
        try:
            route.admit(who)
            reply = await route.endpoint(request, who)
        except ApiError as error:
            return error.status, error.code
        return reply.status_code, json.loads(bytes(reply.body) or b"null")

    def role_of(self, who: Caller) -> str:
        return self.db.read_now(store.by_guid, who.guid).role


@pytest.fixture
async def people(db: Database) -> AsyncIterator[People]:
    made = People(db)
    yield made
    await made.trail.aclose()
    made.passwords.close()


USER, KEYS, KEY = "/v1/users/{guid}", "/v1/users/{guid}/keys", "/v1/users/{guid}/keys/{id}"


@pytest.mark.parametrize("role", ["publisher", "viewer"])
async def test_nobody_gives_herself_a_role_or_changes_others(people: People, role: str):
    me, admin = people.callers[role], people.callers["administrator"]
    assert (await people.call(me, "PUT", USER, {"user_role": "administrator"}, guid=me.guid))[0] == 403
    assert (await people.call(me, "PUT", USER, {"first_name": "x"}, guid=admin.guid))[0] == 404
    assert (await people.call(me, "POST", "/v1/users", {"username": "new"}))[0] == 403
    assert (await people.call(me, "POST", "/v1/users/{guid}/lock", {"locked": True}, guid=admin.guid))[0] == 403
    status, shown = await people.call(
        me, "PUT", USER, {"first_name": "New", "guid": "x", "role": "administrator", "locked": True}, guid=me.guid
    )
    assert (status, shown["first_name"], shown["user_role"], shown["locked"]) == (200, "New", role, False)
    assert people.role_of(me) == role


async def test_a_new_password_ends_every_session(people: People):
    me = replace(people.callers["viewer"], via="session")
    assert (await people.call(me, "PUT", USER, {"password": "short"}, guid=me.guid))[0] == 400
    assert people.ended == []
    status, shown = await people.call(me, "PUT", USER, {"password": "long enough"}, guid=me.guid)
    assert status == 200
    assert "password" not in json.dumps(shown)
    assert people.ended == [f"viewer:{me.guid}"]
    assert await people.passwords.verify(people.db.read_now(store.by_guid, me.guid).password_hash, "long enough")


async def test_keys_belong_to_their_person(people: People):
    me, admin = people.callers["publisher"], people.callers["administrator"]
    status, made = await people.call(me, "POST", KEYS, {"name": "mine"}, guid=me.guid)
    assert status == 200
    assert made["key"].startswith("tbk_")
    _status, listed = await people.call(me, "GET", KEYS, guid=me.guid)
    assert made["key"] not in json.dumps(listed)
    assert [k["name"] for k in listed] == ["mine"]
    for who in (admin, people.callers["viewer"]):
        assert (await people.call(who, "GET", KEYS, guid=me.guid))[0] == 403
        assert (await people.call(who, "POST", KEYS, {"name": "x"}, guid=me.guid))[0] == 403
        assert (await people.call(who, "DELETE", KEY, guid=me.guid, id=made["id"]))[0] == 403
    assert (await people.call(admin, "DELETE", KEY, guid=admin.guid, id=made["id"]))[0] == 404
    caller = await people.sessions.identify([(b"authorization", f"Key {made['key']}".encode())])
    assert isinstance(caller, Caller)
    assert (await people.call(me, "DELETE", KEY, guid=me.guid, id=made["id"]))[0] == 204
    assert not isinstance(await people.sessions.identify([(b"authorization", f"Key {made['key']}".encode())]), Caller)


async def test_a_key_makes_no_key_stronger_than_itself(people: People):
    admin = people.callers["administrator"]
    weak = Caller(**{**vars(admin), "role": "viewer"})  # her viewer's key
    assert (await people.call(weak, "POST", KEYS, {"name": "x", "user_role": "publisher"}, guid=admin.guid))[0] == 403
    status, made = await people.call(weak, "POST", KEYS, {"name": "x"}, guid=admin.guid)
    assert (status, made["user_role"]) == (200, "viewer")
    row = people.db.read_now(lambda s: store.keys_of(s, admin.user_id))[0]
    assert (row.role, row.key_hash) == ("viewer", digest(made["key"]))


async def test_a_key_sets_no_password_but_an_administrators(people: People):
    admin, publisher = people.callers["administrator"], people.callers["publisher"]
    password = {"password": "long enough"}
    for key in (replace(admin, role="viewer"), publisher):
        assert (await people.call(key, "PUT", USER, password, guid=key.guid))[0] == 403
        assert people.db.read_now(store.by_guid, key.guid).password_hash is None
    assert people.ended == []
    assert (await people.call(admin, "PUT", USER, password, guid=publisher.guid))[0] == 200


async def test_a_key_makes_no_key_that_works_longer(people: People):
    me = people.callers["publisher"]
    end = now() + timedelta(days=1)
    user = people.db.read_now(store.by_guid, me.guid)
    maker, _value = people.db.write_now(lambda s: store.add_key(s, user, "short", expires_at=end))
    me = replace(me, credential=f"key:{maker.id}")
    _status, made = await people.call(me, "POST", KEYS, {"name": "x"}, guid=me.guid)
    assert made["expires_at"] == wire(end)
    later = {"name": "x", "expires_at": wire(end + timedelta(days=1))}
    assert (await people.call(me, "POST", KEYS, later, guid=me.guid))[0] == 403
    sooner = {"name": "x", "expires_at": wire(end - timedelta(hours=1))}
    assert (await people.call(me, "POST", KEYS, sooner, guid=me.guid))[0] == 200


async def test_what_a_revoked_key_opened_closes(people: People):
    me = people.callers["publisher"]
    _status, made = await people.call(me, "POST", KEYS, {"name": "x"}, guid=me.guid)
    assert (await people.call(me, "DELETE", KEY, guid=me.guid, id=made["id"]))[0] == 204
    assert people.ended == [f"key:{made['id']}"]


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x", "user_role": "root"}, {"name": "x", "expires_at": "soon"}]
)
async def test_bad_keys(people: People, body: dict[str, str]):
    me = people.callers["publisher"]
    assert (await people.call(me, "POST", KEYS, body, guid=me.guid))[0] == 400


async def test_viewers_see_names_but_not_addresses(people: People):
    me, admin = people.callers["viewer"], people.callers["administrator"]
    people.db.write_now(store.change_user, admin.guid, {"email": "root@example.org"})
    assert (await people.call(me, "GET", USER, guid=admin.guid))[1]["email"] == ""
    assert (await people.call(people.callers["publisher"], "GET", USER, guid=admin.guid))[1]["email"] != ""


def test_times_of_expiry():
    later = now() + timedelta(days=1)
    assert abs((parse_time(wire(later) or "") - later).total_seconds()) < 1
    beyond = ("9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00")
    for text in ("", "x", "2020-01-01T00:00:00Z", "2020-01-01", *beyond):
        with pytest.raises(ApiError):
            parse_time(text)
