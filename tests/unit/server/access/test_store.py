"""The rows of access lists: one a person, never the owner's, and one item's are not another's."""

import pytest

from server.access import store
from server.accounts import store as accounts
from server.content import store as content
from server.db.engine import Database
from server.web.errors import ApiError


async def test_one_row_a_person_and_none_across_items(db: Database):
    ann, vic, pat = (
        db.write_now(lambda s, n=name, r=role: accounts.add_user(s, username=n, role=r))
        for name, role in (("ann", "publisher"), ("vic", "viewer"), ("pat", "publisher"))
    )
    first, second = (db.write_now(lambda s: content.add(s, ann.id or 0, {})).id or 0 for _ in range(2))

    def put(user_guid: str, role: str) -> int:
        return db.write_now(store.put, first, ann.guid, user_guid, role).id or 0

    number = put(vic.guid, "viewer")
    later = put(pat.guid, "viewer")
    assert put(pat.guid, "owner") == later
    assert [(r.id, r.role) for r in db.read_now(store.entries, first)] == [(number, "viewer"), (later, "owner")]
    assert db.read_now(store.entries, second) == []
    for act in (store.entry, store.remove):
        with pytest.raises(ApiError) as caught:
            db.write_now(act, second, number)
        assert (caught.value.status, caught.value.code) == (404, 4)
    assert db.write_now(store.remove, first, number) == ("user", vic.guid)
    assert [r.id for r in db.read_now(store.entries, first)] == [later]


@pytest.mark.parametrize(
    ("who", "role", "code", "words"),
    [("nobody", "viewer", 153, "nobody"), ("ann", "viewer", 25, "owner"), ("vic", "owner", 25, "publishers")],
)
async def test_people_who_cannot_be_put_on_a_list(db: Database, who: str, role: str, code: int, words: str):
    guids = {
        name: db.write_now(lambda s, n=name, r=rank: accounts.add_user(s, username=n, role=r)).guid
        for name, rank in (("ann", "publisher"), ("vic", "viewer"))
    }
    owner = db.read_now(accounts.by_guid, guids["ann"])
    number = db.write_now(lambda s: content.add(s, owner.id or 0, {})).id or 0
    with pytest.raises(ApiError) as caught:
        db.write_now(store.put, number, guids["ann"], guids.get(who, "x"), role)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert words in caught.value.message
