"""What a server does with its keys: seal for the database, seal for a while, sign; always with the newest file."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.keys import envelope, keyfile
from server.keys.envelope import CARRIED, PLAIN, OtherKey, SealBroken
from server.keys.keyfile import KeyProblem, Keys

log = logging.getLogger("tabard.keys")
# Seconds between two looks at the key file.
LOOK = 1.0
Stamp = tuple[int, int, int]

__all__ = ["KeyProblem", "Keyring", "OtherKey", "SealBroken"]


@dataclass(frozen=True)
class _Held:
    """The keys of one reading of the file, and what was derived from them."""

    keys: Keys
    derived: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def key_for(self, secret: str, purpose: str) -> bytes:
        """HKDF-SHA256 of the secret `root` or `sessions`, one label a purpose (security.md K-07)."""
        found = self.derived.get((secret, purpose))
        if found is None:
            kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tabard {purpose}".encode())
            found = self.derived[(secret, purpose)] = kdf.derive(getattr(self.keys, secret))
        return found


class Keyring:
    """The server's keys. With a `path` it follows the file, which `tabard keys rotate` changes beside the server."""

    def __init__(self, keys: Keys | bytes, path: Path | None = None) -> None:
        self._held = _Held(keyfile.of_secret(keys) if isinstance(keys, bytes) else keys)
        self._path = path
        self._stamp = None if path is None else _stamp(path)
        self._looked = time.monotonic()
        self.problem: str | None = None
        """What is wrong with the file now; the keys that were read before go on being used."""

    @property
    def keys(self) -> Keys:
        """The keys as last read."""
        return self._held.keys

    @property
    def key_id(self) -> bytes:
        """The id of the key that seals."""
        return self.keys.current

    def seal(self, plaintext: str, *, purpose: str, bound_to: str) -> bytes:
        """Encrypt `plaintext` for a column of the database.

        It opens only with the same purpose and `bound_to` (table, row, column, owner). Every column whose values
        are made here is named `sealed...`, so that `tabard keys rotate` finds it.
        """
        self._look()
        keys = self._held.keys
        wrapping = keys.by_id(keys.current)
        assert wrapping is not None
        return envelope.seal(wrapping.id, wrapping.secret, plaintext.encode(), _bound(purpose, bound_to))

    def open(self, sealed: bytes, *, purpose: str, bound_to: str) -> str:
        """The text that was sealed. Raises SealBroken."""
        form = envelope.form_of(sealed)
        if form == PLAIN:
            return self._open_plain(self._held, "root", sealed, purpose, bound_to)
        wrapping = self.keys.by_id(envelope.key_id(sealed))
        if wrapping is None and self._look(at_once=True):
            wrapping = self.keys.by_id(envelope.key_id(sealed))
        if wrapping is None:
            raise OtherKey("sealed under another key")
        data_key = envelope.data_key(sealed, wrapping.secret)
        rest = sealed[envelope.WRAPPED.stop :]
        if form == CARRIED:
            return _text(envelope.decrypt(data_key, rest[4:], PLAIN + rest[:4] + bound_to.encode()))
        return _text(envelope.decrypt(data_key, rest, form + _bound(purpose, bound_to)))

    def ticket(self, plaintext: str, *, purpose: str, bound_to: str) -> bytes:
        """Encrypt `plaintext` for somebody who brings it back soon, such as a handle or a cookie; never stored."""
        self._look()
        held = self._held
        head = PLAIN + keyfile.id_of(held.keys.sessions)
        return head + envelope.encrypt(held.key_for("sessions", purpose), plaintext.encode(), head + bound_to.encode())

    def from_ticket(self, ticket: bytes, *, purpose: str, bound_to: str) -> str:
        """The text of a ticket. Raises SealBroken."""
        self._look()
        return self._open_plain(self._held, "sessions", ticket, purpose, bound_to)

    @staticmethod
    def _open_plain(held: _Held, secret: str, sealed: bytes, purpose: str, bound_to: str) -> str:
        head = sealed[: envelope.ID.stop]
        if head != PLAIN + keyfile.id_of(getattr(held.keys, secret)):
            raise SealBroken("sealed under another key")
        key = held.key_for(secret, purpose)
        return _text(envelope.decrypt(key, sealed[envelope.ID.stop :], head + bound_to.encode()))

    def derived(self, purpose: str) -> bytes:
        """The 32-byte key of a purpose that may end at any time, e.g. `csrf`; ask again for each use."""
        self._look()
        return self._held.key_for("sessions", purpose)

    def lasting(self, purpose: str) -> bytes:
        """The 32-byte key of a purpose that lasts as long as the data, e.g. `audit chain`."""
        return self._held.key_for("root", purpose)

    def mac(self, purpose: str, message: str) -> str:
        """A keyed digest of `message`, base64url without padding."""
        digest = hmac.new(self.derived(purpose), message.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def rewrapped(self, sealed: bytes, *, shared_purpose: str | None) -> bytes:
        """A stored value under the key that seals now, as it opens where it is. Raises SealBroken.

        `shared_purpose` is the purpose of values of the column that are older than data keys.
        """
        keys, old_id = self.keys, envelope.key_id(sealed)
        new = keys.by_id(keys.current)
        assert new is not None
        if envelope.form_of(sealed) == PLAIN:
            if shared_purpose is None or old_id != keyfile.id_of(keys.root):
                raise SealBroken("sealed under another key")
            return envelope.carry(sealed, self._held.key_for("root", shared_purpose), new.id, new.secret)
        old = keys.by_id(old_id)
        if old is None:
            raise SealBroken("sealed under another key")
        return envelope.rewrap(sealed, old.secret, new.id, new.secret)

    def _look(self, *, at_once: bool = False) -> bool:
        """Read the file again where it has changed; returns whether there are other keys now.

        What cannot be used is an alarm and changes nothing: the server goes on with the keys it has (F-28).
        """
        moment = time.monotonic()
        if self._path is None or (moment - self._looked < LOOK and not at_once):
            return False
        self._looked = moment
        stamp = _stamp(self._path)
        if stamp == self._stamp and stamp is not None:
            return False
        return self._read(self._path, stamp)

    def _read(self, path: Path, stamp: Stamp | None) -> bool:
        try:
            keys = keyfile.read(path)
            if keys is None:
                raise KeyProblem(f"the key file {path} is missing; restore it before the server is started again")
            if not hmac.compare_digest(keys.root, self.keys.root):
                raise KeyProblem(f"the key file {path} holds other keys than this server's data needs; restore it")
        except KeyProblem as problem:
            if self.problem != str(problem):
                log.error("%s; the server goes on with the keys it has", problem)
            self.problem = str(problem)
            return False
        if self.problem is not None:
            log.warning("the key file %s is in order again", path)
        self.problem, self._stamp = None, stamp
        changed = keys != self.keys
        if changed:
            self._held = _Held(keys)
            log.info("the key file has changed; new values are sealed with key %s", keys.current.hex())
        return changed


def _bound(purpose: str, bound_to: str) -> bytes:
    return f"{purpose}\0{bound_to}".encode()


def _text(plain: bytes) -> str:
    try:
        return plain.decode()
    except UnicodeDecodeError:
        raise SealBroken("not text") from None


def _stamp(path: Path) -> Stamp | None:
    """What is different after the file was replaced or changed."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns
