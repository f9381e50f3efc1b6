"""Changing keys while servers run: a new key first, then every value under it, then the old key away."""

from __future__ import annotations

import fcntl
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from server.db.engine import Database
from server.keys import columns, keyfile
from server.keys.columns import SealedColumn
from server.keys.keyfile import KeyProblem, Keys
from server.keys.keyring import LOOK, Keyring

Tell = Callable[[str], object]
# Servers look at the file every second; until then some seal with the key they know.
NOTICED = 2 * LOOK
ROUNDS = 20


@dataclass
class Rotation:
    """What a change of keys did: the key that seals now, the values put under it, and rows that do not open."""

    key_id: str
    resumed: bool
    changed: Counter[str] = field(default_factory=Counter)
    damaged: list[str] = field(default_factory=list)
    left: int = 0


def shown(key_id: bytes) -> str:
    """A key's id as it is written."""
    return key_id.hex()


def outdated(db: Database, keys: Keys) -> int:
    """How many values are not under the key that seals."""
    found = db.read_now(columns.used)
    return sum(sum(counted.values()) for key_id, counted in found.items() if key_id != keys.current)


def prepare(path: Path) -> str:
    """Add a key that is not in use yet, to be copied to other servers first; returns its id. Raises KeyProblem."""
    with _alone(path):
        keys = _read(path)
        if keys.newest is None:
            keys = keys.grown()
            keyfile.write(path, keys)
        assert keys.newest is not None
        return shown(keys.newest.id)


def rotate(db: Database, path: Path, tell: Tell, *, wait: Callable[[float], object] = time.sleep) -> Rotation:
    """Seal with a new key from now on, and put every value under it. Raises KeyProblem.

    A change of keys that was interrupted is finished instead, and a key that was prepared is used. Nothing is
    sealed with a key before the file with it is on the disk.
    """
    with _alone(path):
        keys = _read(path)
        resumed = keys.newest is None and outdated(db, keys) > 0
        if not resumed:
            if keys.newest is None:
                keys = keys.grown()
                keyfile.write(path, keys)
                tell(f"added key {shown(keys.wrapping[-1].id)} to {path}")
            keys = keys.turned(keys.wrapping[-1].id)
            keyfile.write(path, keys)
        done = Rotation(shown(keys.current), resumed)
        tell(f"{'going on with' if resumed else 'sealing with'} key {done.key_id}")
        ring = Keyring(keys, path)
        for _round in range(ROUNDS):
            _pass(db, ring, done, tell)
            wait(NOTICED)
            done.left = outdated(db, keys)
            if done.left <= len(done.damaged):
                break
        return done


def _pass(db: Database, ring: Keyring, done: Rotation, tell: Tell) -> None:
    totals: Counter[str] = Counter()

    def note(sealed: SealedColumn, total: int) -> None:
        totals[str(sealed)] = total
        tell(f"{sealed}: {total}")

    done.damaged = [row for damaged in columns.rewrap(db.write_now, ring, note) for row in damaged]
    done.changed += totals


def prune(db: Database, path: Path) -> tuple[list[str], dict[str, int]]:
    """Take the keys out of the file that nothing needs. Raises KeyProblem.

    Returns the ids of those that went, and of those that stay although they do not seal, with how many need them.
    """
    with _alone(path):
        keys = _read(path)
        age = time.time() - path.stat().st_mtime
        if age < NOTICED:
            time.sleep(max(0.0, min(NOTICED, NOTICED - age)))
        counted = db.read_now(columns.used)
        others = [key.id for key in keys.wrapping if key.id not in (keys.current, keys.newest and keys.newest.id)]
        needed = {shown(key_id): sum(counted[key_id].values()) for key_id in others if counted.get(key_id)}
        gone = {key_id for key_id in others if not counted.get(key_id)}
        if gone:
            keyfile.write(path, keys.without(gone))
        return sorted(shown(key_id) for key_id in gone), needed


def renew_sessions(path: Path) -> None:
    """Replace the secret of handles, forms and visitors' keys alone. Raises KeyProblem."""
    with _alone(path):
        keyfile.write(path, _read(path).with_new_sessions())


def _read(path: Path) -> Keys:
    keys = keyfile.read(path)
    if keys is None:
        raise KeyProblem(f"the key file {path} is missing")
    return keys


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One change of keys at a time on this machine."""
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KeyProblem("another command is changing the keys; wait until it has ended") from None
        yield
    finally:
        os.close(handle)
