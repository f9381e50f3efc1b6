"""The key file and what is derived from it: sealing with AES-256-GCM, one derived key per purpose."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runners.durable import create_private

HEADER = "tabard-key-v1 "
VERSION = b"\x01"
NONCE_BYTES = 12


class KeyProblem(Exception):
    """The key file cannot be used; the text says why and what to do."""


class SealBroken(Exception):
    """A sealed value does not open: wrong key, another row's value, or damage."""


class Keyring:
    """Keys derived from one 32-byte secret with HKDF-SHA256, one label a purpose (security.md K-07)."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise KeyProblem("the key must be 32 bytes long")
        self._secret = secret
        self.key_id = hashlib.sha256(b"tabard key id" + secret).digest()[:4]
        self._derived: dict[str, bytes] = {}

    def derived(self, purpose: str) -> bytes:
        """The 32-byte key of one purpose, e.g. `csrf`."""
        if purpose not in self._derived:
            kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tabard {purpose}".encode())
            self._derived[purpose] = kdf.derive(self._secret)
        return self._derived[purpose]

    def seal(self, plaintext: str, *, purpose: str, bound_to: str) -> bytes:
        """Encrypt `plaintext`; it opens only with the same purpose and `bound_to` (row, column, owner).

        Layout: version, key id (4 bytes), nonce (12 bytes), ciphertext and tag.
        """
        nonce = os.urandom(NONCE_BYTES)
        head = VERSION + self.key_id
        box = AESGCM(self.derived(purpose))
        return head + nonce + box.encrypt(nonce, plaintext.encode(), head + bound_to.encode())

    def open(self, sealed: bytes, *, purpose: str, bound_to: str) -> str:
        """The text that was sealed. Raises SealBroken."""
        head, nonce, body = sealed[:5], sealed[5:17], sealed[17:]
        if head != VERSION + self.key_id:
            raise SealBroken("sealed under another key")
        try:
            box = AESGCM(self.derived(purpose))
            return box.decrypt(nonce, body, head + bound_to.encode()).decode()
        except (InvalidTag, ValueError):
            raise SealBroken("the sealed value was changed or moved") from None

    def mac(self, purpose: str, message: str) -> str:
        """A keyed digest of `message`, base64url without padding."""
        digest = hmac.new(self.derived(purpose), message.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def read(path: Path) -> Keyring | None:
    """The keyring of a key file, or None where there is no file. Raises KeyProblem (security.md K-03)."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyProblem(f"the key file {path} cannot be opened ({error.strerror})") from None
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        os.close(handle)
        raise KeyProblem(f"the key file {path} is not a regular file; put the key itself there")
    with os.fdopen(handle, "r", encoding="ascii", errors="replace") as file:
        if info.st_mode & 0o077:
            raise KeyProblem(f"the key file {path} can be read by others; run: chmod 600 {path}")
        if info.st_uid != os.geteuid():
            raise KeyProblem(f"the key file {path} belongs to another user; run: chown $(id -u) {path}")
        text = file.read(4096)
    try:
        if not text.startswith(HEADER):
            raise ValueError
        return Keyring(base64.b64decode(text.removeprefix(HEADER).strip(), validate=True))
    except (ValueError, binascii.Error, KeyProblem):
        raise KeyProblem(f"the key file {path} does not hold a Tabard key; restore it from your backup") from None


def create(path: Path) -> Keyring:
    """Make a new key file (mode 0600), durable before this returns."""
    secret = secrets.token_bytes(32)
    create_private(path, HEADER.encode() + base64.b64encode(secret) + b"\n")
    return Keyring(secret)
