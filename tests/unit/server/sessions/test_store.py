"""The rows that identify callers: what a credential stands for, and how sessions end."""

from datetime import timedelta

import pytest

from server.accounts import store as accounts
from server.db.clock import now
from server.db.engine import Database
from server.db.models import BrowserSession, User
from server.sessions import store

SOON = timedelta(hours=1)


@pytest.fixture
def ann(db: Database) -> User:
    return db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))


def put(db: Database, user: User, name: str, **fields: object) -> None:
    row = BrowserSession(
        **({"token_hash": f"h-{name}", "guid": name, "user_id": user.id, "expires_at": now() + SOON} | fields)
    )
    db.write_now(store.open_session, row)


@pytest.mark.parametrize(
    ("role", "effective"), [(None, "publisher"), ("viewer", "viewer"), ("administrator", "publisher")]
)
async def test_a_key_is_never_stronger_than_its_owner(ann: User, role: str | None, effective: str):
    caller = store.person(ann, via="key", credential="key:1", role=role, content="c")
    assert (caller.role, caller.via, caller.credential, caller.content_guid) == (effective, "key", "key:1", "c")
    assert caller.name == "ann"
    ann.first_name, ann.last_name = "Ann", "Example"
    assert store.person(ann, via="session", credential="session:s").name == "Ann Example"


async def test_a_session_is_found_by_token_and_by_name(db: Database, ann: User):
    assert ann.active_time is None
    put(db, ann, "one")
    for found in (
        db.read_now(store.session_row, "h-one"),
        db.read_now(store.session_by_guid, "one"),
    ):
        assert found is not None
        assert (found[0].guid, found[1].guid) == ("one", ann.guid)
        assert found[1].active_time is not None
    assert db.read_now(store.session_row, "one") is None
    assert db.read_now(store.session_by_guid, "h-one") is None


async def test_keys_and_last_uses(db: Database, ann: User):
    key, _value = db.write_now(accounts.add_key, ann, "laptop")
    put(db, ann, "one")
    moment = now() + SOON
    touched = ("session:one", "session:gone", f"key:{key.id}", "key:4242", "tool:gone", "claim:gone")
    db.write_now(store.touch, dict.fromkeys(touched, moment))
    found = db.read_now(store.key_row, key.key_hash)
    assert found is not None
    assert (found[0].last_used_time, found[1].guid) == (moment, ann.guid)
    assert db.read_now(store.key_by_id, key.id)[0].name == "laptop"
    assert db.read_now(store.key_by_id, 4242) is None
    assert db.read_now(store.session_row, "h-one")[0].seen_time == moment


async def test_one_ends_or_all_of_a_person(db: Database, ann: User):
    bob = db.write_now(lambda s: accounts.add_user(s, username="bob", role="viewer"))
    for name in ("one", "two", "three"):
        put(db, ann, name)
    put(db, bob, "his")

    def left() -> list[str]:
        names = ("one", "two", "three", "his")
        return [n for n in names if db.read_now(store.session_by_guid, n) is not None]

    db.write_now(store.end, "two")
    assert left() == ["one", "three", "his"]
    db.write_now(store.end_all, "nobody")
    db.write_now(store.end_all, ann.guid)
    assert left() == ["his"]


async def test_the_sweep_takes_what_time_has_ended(db: Database, ann: User):
    put(db, ann, "fresh")
    put(db, ann, "over", expires_at=now() - timedelta(seconds=1))
    put(db, ann, "idle", seen_time=now() - timedelta(seconds=700))
    db.write_now(store.sweep, 600.0)
    left = [n for n in ("fresh", "over", "idle") if db.read_now(store.session_by_guid, n) is not None]
    assert left == ["fresh"]
