"""What the caller may not see answers like what does not exist (security.md S-11)."""

import pytest

from server.access import store as access
from server.access.guard import Guard
from server.accounts import store as accounts
from server.content import store as content
from server.content.directory import Directory
from server.db.engine import Database
from server.db.models import User
from server.web.caller import Caller
from server.web.errors import ApiError


def caller(user: User) -> Caller:
    return Caller(user_id=user.id or 0, guid=user.guid, role=user.role, via="key")


async def test_foreign_and_unknown_content_answer_alike(db: Database):
    people = {
        name: db.write_now(lambda s, n=name, r=role: accounts.add_user(s, username=n, role=r))
        for name, role in (("ann", "publisher"), ("bob", "publisher"), ("vic", "viewer"), ("root", "administrator"))
    }
    row = db.write_now(lambda s: content.add(s, people["ann"].id or 0, {}))
    db.write_now(access.put, row.id, people["ann"].guid, people["vic"].guid, "viewer")
    guard = Guard(Directory(db))
    answers = []
    for guid in (row.guid, "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"):
        for look in (guard.readable, guard.editable):
            with pytest.raises(ApiError) as caught:
                await look(caller(people["bob"]), guid)
            answers.append((caught.value.status, caught.value.code, caught.value.message))
    assert len(set(answers)) == 1
    assert answers[0][:2] == (404, 4)
    assert (await guard.readable(caller(people["vic"]), row.guid)).guid == row.guid
    with pytest.raises(ApiError) as caught:
        await guard.editable(caller(people["vic"]), row.guid)
    assert caught.value.status == 403
    for name in ("ann", "root"):
        assert (await guard.editable(caller(people[name]), row.guid)).guid == row.guid
