"""Changing keys: the file first, every value, interrupted and gone on with, and keys taken away only when unused."""

import fcntl
from pathlib import Path

import pytest
from sqlmodel import Session

from server.db.engine import Database
from server.db.models import Meta
from server.installation import Installation, open_installation
from server.keys import columns, keyfile, rotation
from server.keys.keyring import Keyring
from server.keys.rotation import KeyProblem, prepare, prune, renew_sessions, rotate
from server.settings import Settings


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "NOTICED", 0.0)
    monkeypatch.setattr("server.keys.keyring.LOOK", 0.0)


@pytest.fixture
def opened(tmp_path: Path):
    made = open_installation(Settings(data_dir=tmp_path / "d"))
    yield made
    made.close()


def file_of(opened: Installation) -> Path:
    return opened.data_dir / "secret.key"


def keys_of(opened: Installation) -> keyfile.Keys:
    keys = keyfile.read(file_of(opened))
    assert keys is not None
    return keys


def uses(db: Database) -> dict[str, int]:
    return {key_id.hex(): sum(counted.values()) for key_id, counted in db.read_now(columns.used).items()}


def test_a_rotation_from_beginning_to_end(opened: Installation):
    first = keys_of(opened).current.hex()
    told: list[str] = []
    done = rotate(opened.db, file_of(opened), told.append, wait=lambda _: None)
    assert (done.resumed, done.changed, done.damaged, done.left) == (False, {"meta.value": 2}, [], 0)
    assert done.key_id != first
    assert uses(opened.db) == {done.key_id: 2}
    assert told == [
        f"added key {done.key_id} to {file_of(opened)}",
        f"sealing with key {done.key_id}",
        "meta.value: 2",
    ]
    assert opened.keyring.seal("x", purpose="p", bound_to="b")[1:5].hex() == done.key_id
    assert prune(opened.db, file_of(opened)) == ([first], {})
    assert [key.id.hex() for key in keys_of(opened).wrapping] == [done.key_id]
    assert prune(opened.db, file_of(opened)) == ([], {})


def test_an_interrupted_rotation_is_finished_with_the_same_key(opened: Installation, monkeypatch: pytest.MonkeyPatch):
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    first = keys_of(opened).current.hex()
    with monkeypatch.context() as patch:
        patch.setattr(columns, "rewrap_batch", killed)
        with pytest.raises(KeyboardInterrupt):
            rotate(opened.db, file_of(opened), lambda _: None, wait=lambda _: None)
    half = keys_of(opened)
    assert prune(opened.db, file_of(opened)) == ([], {first: 2})
    done = rotate(opened.db, file_of(opened), lambda _: None, wait=lambda _: None)
    assert (done.resumed, done.key_id, done.left) == (True, half.current.hex(), 0)
    assert keys_of(opened) == half


def test_killed_before_the_key_was_turned_it_is_used_next(opened: Installation):
    waiting = prepare(file_of(opened))
    assert prepare(file_of(opened)) == waiting
    assert prune(opened.db, file_of(opened)) == ([], {})
    done = rotate(opened.db, file_of(opened), lambda _: None, wait=lambda _: None)
    assert (done.resumed, done.key_id) == (False, waiting)


def test_what_a_server_seals_meanwhile_with_the_old_key_is_found(opened: Installation):
    old = Keyring(keys_of(opened))
    late = [f"late {n}" for n in range(2)]

    def write(session: Session) -> None:
        session.merge(Meta(name="key_check", value=old.seal("this", purpose="meta", bound_to="key_check")))

    def wait(_seconds: float) -> None:
        if late:
            late.pop()
            opened.db.write_now(write)

    done = rotate(opened.db, file_of(opened), lambda _: None, wait=wait)
    assert (done.left, late) == (0, [])
    assert done.changed == {"meta.value": 4}


def test_values_that_do_not_open_are_named_and_hold_nothing_up(opened: Installation):
    def damage(session: Session) -> None:
        row = session.get(Meta, "root_check")
        assert row is not None
        session.merge(Meta(name="root_check", value=row.value[:10] + b"x" + row.value[11:]))

    opened.db.write_now(damage)
    done = rotate(opened.db, file_of(opened), lambda _: None, wait=lambda _: None)
    assert (done.damaged, done.left) == (["meta.value of row root_check"], 1)


def test_one_change_at_a_time_and_none_without_a_file(opened: Installation):
    with open(opened.data_dir / ".secret.key.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(KeyProblem, match="another command"):
            renew_sessions(file_of(opened))
    before = keys_of(opened)
    renew_sessions(file_of(opened))
    assert keys_of(opened).sessions != before.sessions
    assert keys_of(opened).wrapping == before.wrapping
    file_of(opened).unlink()
    with pytest.raises(KeyProblem, match="is missing"):
        rotate(opened.db, file_of(opened), lambda _: None)
