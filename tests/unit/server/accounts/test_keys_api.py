"""A person's own keys by API: never stronger nor longer than their maker, and hers alone (S-08, S-09)."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from server.accounts import store
from server.accounts.keys_api import parse_time
from server.db.clock import now, wire
from server.keys.credentials import digest
from server.web.caller import Caller
from server.web.errors import ApiError
from tests.unit.server.accounts.people import KEY, KEYS, People


async def test_keys_belong_to_their_person(people: People):
    me, admin = people.callers["publisher"], people.callers["administrator"]
    status, made = await people.call(me, "POST", KEYS, {"name": "mine"}, guid=me.guid)
    assert status == 200
    assert made["key"].startswith("tbk_")
    _status, listed = await people.call(me, "GET", KEYS, guid=me.guid)
    assert made["key"] not in json.dumps(listed)
    assert [k["name"] for k in listed] == ["mine"]
    masked = await people.call(me, "GET", KEY, guid=me.guid, id=made["id"])
    assert masked == (200, {**made, "key": made["key"][:8] + "…"})
    assert (await people.call(admin, "GET", KEY, guid=me.guid, id=made["id"]))[0] == 403
    assert (await people.call(admin, "GET", KEY, guid=admin.guid, id=made["id"]))[0] == 404
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


def test_times_of_expiry():
    later = now() + timedelta(days=1)
    assert abs((parse_time(wire(later) or "") - later).total_seconds()) < 1
    beyond = ("9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00")
    for text in ("", "x", "2020-01-01T00:00:00Z", "2020-01-01", *beyond):
        with pytest.raises(ApiError):
            parse_time(text)
