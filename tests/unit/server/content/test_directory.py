"""Views in memory, true by invalidation."""

import pytest

from server.access import store as access
from server.accounts import store as accounts
from server.content import store as content
from server.content.directory import Directory
from server.db.engine import Database


async def test_a_warm_look_up_asks_no_database_until_something_changes(db: Database, monkeypatch):
    ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher", first_name="Ann"))
    bob = db.write_now(lambda s: accounts.add_user(s, username="bob"))
    row = db.write_now(lambda s: content.add(s, ann.id or 0, {"name": "app"}))
    directory, told = Directory(db), []
    directory.when_changed(told.append)
    first = await directory.by_guid(row.guid)
    assert first is not None
    assert (first.title, first.owner_name, first.bundle_id, dict(first.people)) == ("app", "Ann", None, {})
    with monkeypatch.context() as patched:
        patched.setattr(db, "read", lambda *_: pytest.fail("the database was asked"))
        assert await directory.by_guid(row.guid) is first
    await db.write(access.put, row.id, ann.guid, bob.guid, "viewer")
    directory.forget(row.guid)
    assert told == [row.guid]
    second = await directory.by_guid(row.guid)
    assert second is not None
    assert dict(second.people) == {bob.guid: "viewer"}
    with pytest.raises(TypeError):
        second.people[ann.guid] = "owner"  # type: ignore[index]


async def test_what_is_not_there_is_not_remembered(db: Database):
    directory = Directory(db)
    assert await directory.by_guid("046f9a7d-3c00-41db-9ac7-0d153f2edfdd") is None
    ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    row = db.write_now(lambda s: content.add(s, ann.id or 0, {}))
    assert await directory.by_guid(row.guid) is not None
