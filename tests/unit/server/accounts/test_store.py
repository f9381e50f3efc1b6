"""People and keys in the database: names are one's own, an administrator always remains, keys keep to their owner."""

import pytest

from server.accounts import store
from server.db.engine import Database
from server.db.models import User
from server.keys.credentials import digest
from server.web.errors import ApiError
from server.web.paging import Paging


def add(db: Database, name: str, role: str = "viewer", **fields: str) -> User:
    return db.write_now(lambda s: store.add_user(s, username=name, role=role, **fields))


async def test_a_name_is_taken_however_it_is_written(db: Database):
    assert not db.read_now(store.any_user)
    alice = add(db, "Alice")
    assert db.read_now(store.any_user)
    with pytest.raises(ApiError) as caught:
        add(db, "aLICE")
    assert (caught.value.status, caught.value.code) == (409, 8)
    found = db.read_now(store.by_name, "ALICE")
    assert found is not None
    assert found.guid == alice.guid
    assert db.read_now(store.by_name, "bob") is None


@pytest.mark.parametrize("how", ["role", "lock"])
async def test_an_administrator_remains(db: Database, how: str):
    ada, abe = add(db, "ada", "administrator"), add(db, "abe", "administrator")

    def leave(user: User) -> None:
        if how == "lock":
            db.write_now(store.set_locked, user.guid, True)
        else:
            db.write_now(store.change_user, user.guid, {"role": "viewer"})

    leave(ada)
    with pytest.raises(ApiError) as caught:
        leave(abe)
    assert (caught.value.status, caught.value.code) == (409, 61)
    assert "another person" in caught.value.message
    kept = db.read_now(store.by_guid, abe.guid)
    assert (kept.role, kept.locked) == ("administrator", False)


async def test_lists_are_filtered_and_cut_into_pages(db: Database):
    add(db, "bob", "publisher", first_name="Robert")
    add(db, "al_ce")
    alice = add(db, "alice")
    db.write_now(store.set_locked, alice.guid, True)

    def names(**terms: object) -> tuple[list[str], int]:
        paging = Paging(terms.pop("page", 1), terms.pop("size", 10))  # type: ignore[arg-type]
        rows, total = db.read_now(store.list_users, store.Wanted(**terms), paging)  # type: ignore[arg-type]
        return [u.username for u in rows], total

    assert names() == (["al_ce", "alice", "bob"], 3)
    assert names(size=2, page=2) == (["bob"], 3)
    assert names(prefix="al_") == (["al_ce"], 1)
    assert names(prefix="%") == ([], 0)
    assert names(prefix="ROB") == (["bob"], 1)
    assert names(roles=frozenset({"publisher"})) == (["bob"], 1)
    assert names(statuses=frozenset({"locked"})) == (["alice"], 1)


async def test_a_key_is_its_owners_and_an_instances_key_is_nobodys_to_drop(db: Database):
    bob, eve = add(db, "bob", "publisher"), add(db, "eve", "publisher")
    key, value = db.write_now(store.add_key, bob, "laptop")
    assert key.key_hash == digest(value)
    assert value not in (key.hint, key.key_hash)
    with pytest.raises(ApiError) as caught:
        db.write_now(lambda s: store.add_key(s, bob, "x", role="administrator"))
    assert (caught.value.status, caught.value.code) == (400, 234)
    running = db.write_now(store.add_content_key, bob.id, "some-content", "run-1")
    assert [k.name for k in db.read_now(store.keys_of, bob.id)] == ["laptop"]
    for owner, number in ((eve, key.id), (bob, (key.id or 0) + 1), (bob, 99)):
        with pytest.raises(ApiError) as caught:
            db.write_now(store.drop_key, owner.id, number)
        assert caught.value.status == 404
    assert db.write_now(store.drop_instance_keys, "run-2") == []
    assert db.write_now(store.drop_instance_keys, "run-1") == [digest(running)]
    db.write_now(store.add_content_key, bob.id, "some-content", "run-3")
    assert len(db.write_now(store.drop_instance_keys)) == 1
    assert db.write_now(store.drop_key, bob.id, key.id) == digest(value)
