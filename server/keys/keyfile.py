"""The key file: a root secret, a secret for sessions, and the keys that wrap what is sealed in the database.

One line each, secrets in base64 (docs/decisions/0026):

    tabard-key-v2
    root <secret>            what lasts: the links of the audit trail
    sessions <secret>        what may end at any time: handles, forms, visitors' keys
    key <id> <day> <secret>  a key-encryption key; one line for each that rows may use
    current <id>             the one that new values are sealed with

The first form of the file held one secret, for everything.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runners.durable import create_private, replace_private

FIRST, SECOND = "tabard-key-v1 ", "tabard-key-v2"
SECRET_BYTES = 32
LARGEST = 64 * 1024


class KeyProblem(Exception):
    """The key file cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class WrappingKey:
    """A key-encryption key: its id (4 bytes, shown in hex), the day it was made, and the key."""

    id: bytes
    made: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class Keys:
    """What a key file holds. `current` is the id of the key that seals."""

    root: bytes = field(repr=False)
    sessions: bytes = field(repr=False)
    wrapping: tuple[WrappingKey, ...]
    current: bytes

    def by_id(self, key_id: bytes) -> WrappingKey | None:
        """The wrapping key of that id."""
        return next((key for key in self.wrapping if key.id == key_id), None)

    @property
    def newest(self) -> WrappingKey | None:
        """The key that was made last, if it is not in use yet."""
        last = self.wrapping[-1]
        return None if last.id == self.current else last

    def grown(self) -> Keys:
        """With one more key, which is not in use yet."""
        taken = {key.id for key in self.wrapping}
        return replace(self, wrapping=(*self.wrapping, _new_wrapping_key(taken)))

    def turned(self, key_id: bytes) -> Keys:
        """With that key in use."""
        assert self.by_id(key_id) is not None
        return replace(self, current=key_id)

    def without(self, key_ids: set[bytes]) -> Keys:
        """Without those keys, of which none is in use."""
        assert self.current not in key_ids
        return replace(self, wrapping=tuple(key for key in self.wrapping if key.id not in key_ids))

    def with_new_sessions(self) -> Keys:
        """With another secret for sessions."""
        return replace(self, sessions=secrets.token_bytes(SECRET_BYTES))


def id_of(secret: bytes) -> bytes:
    """The id under which a file of the first form sealed."""
    return hashlib.sha256(b"tabard key id" + secret).digest()[:4]


def of_secret(secret: bytes) -> Keys:
    """The keys of a file of the first form. Raises KeyProblem."""
    if len(secret) != SECRET_BYTES:
        raise KeyProblem("the key must be 32 bytes long")
    kdf = HKDF(algorithm=SHA256(), length=SECRET_BYTES, salt=None, info=b"tabard key-encryption key")
    only = WrappingKey(id_of(secret), "-", kdf.derive(secret))
    return Keys(root=secret, sessions=secret, wrapping=(only,), current=only.id)


def new_keys() -> Keys:
    """Keys for a new installation."""
    first = _new_wrapping_key(set())
    return Keys(secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SECRET_BYTES), (first,), first.id)


def _new_wrapping_key(taken: set[bytes]) -> WrappingKey:
    while (key_id := secrets.token_bytes(4)) in taken:
        pass
    return WrappingKey(key_id, datetime.now(UTC).date().isoformat(), secrets.token_bytes(SECRET_BYTES))


def text_of(keys: Keys) -> str:
    """What a file with these keys holds."""
    wrapping = [f"key {key.id.hex()} {key.made} {_spelled(key.secret)}" for key in keys.wrapping]
    lines = [SECOND, f"root {_spelled(keys.root)}", f"sessions {_spelled(keys.sessions)}", *wrapping]
    return "\n".join([*lines, f"current {keys.current.hex()}"]) + "\n"


def parse(text: str) -> Keys:
    """The keys in a file's text. Raises ValueError, KeyProblem."""
    if text.startswith(FIRST):
        return of_secret(_read_secret(text.removeprefix(FIRST).strip()))
    lines = [line.split() for line in text.splitlines()]
    if not lines or lines[0] != [SECOND]:
        raise ValueError("not a key file")
    single = {line[0]: line[1] for line in lines[1:] if len(line) == 2}
    wrapping = [
        WrappingKey(bytes.fromhex(line[1]), line[2], _read_secret(line[3])) for line in lines[1:] if len(line) == 4
    ]
    keys = Keys(
        _read_secret(single.get("root", "")),
        _read_secret(single.get("sessions", "")),
        tuple(wrapping),
        bytes.fromhex(single.get("current", "")),
    )
    ids = {key.id for key in wrapping}
    if len(ids) != len(wrapping) or keys.current not in ids or any(len(key_id) != 4 for key_id in ids):
        raise ValueError("the keys do not fit together")
    if len(single) != 3 or len(lines) != 4 + len(wrapping) or any(line[0] != "key" for line in lines if len(line) == 4):
        raise ValueError("a line that is none of these")
    return keys


def _spelled(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def _read_secret(text: str) -> bytes:
    secret = base64.b64decode(text, validate=True)
    if len(secret) != SECRET_BYTES:
        raise ValueError("the key must be 32 bytes long")
    return secret


def read(path: Path) -> Keys | None:
    """The keys of a key file, or None where there is no file. Raises KeyProblem (security.md K-03)."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise KeyProblem(f"the key file {path} is a link; put the key itself there") from None
        raise KeyProblem(f"the key file {path} cannot be opened ({error.strerror})") from None
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        os.close(handle)
        raise KeyProblem(f"the key file {path} is not a regular file; put the key itself there")
    with os.fdopen(handle, "r", encoding="ascii", errors="replace") as file:
        if info.st_uid != os.geteuid():
            raise KeyProblem(f"the key file {path} belongs to another user; run: chown $(id -u) {path}")
        if info.st_mode & 0o077:
            raise KeyProblem(f"the key file {path} can be read by others; run: chmod 600 {path}")
        text = file.read(LARGEST)
    try:
        return parse(text)
    except (ValueError, binascii.Error, KeyProblem):
        raise KeyProblem(f"the key file {path} does not hold a Tabard key; restore it from your backup") from None


def create(path: Path) -> Keys:
    """Make a new key file (mode 0600), durable before this returns. Raises FileExistsError."""
    keys = new_keys()
    create_private(path, text_of(keys).encode())
    return keys


def write(path: Path, keys: Keys) -> None:
    """Put these keys into the file, all or nothing, durable before this returns. Raises KeyProblem."""
    try:
        replace_private(path, text_of(keys).encode())
    except OSError as error:
        raise KeyProblem(
            f"the key file {path} cannot be written ({error.strerror}); nothing was changed. Where it is mounted "
            "read-only, run this command where it can be written, and put the new file in its place"
        ) from None
