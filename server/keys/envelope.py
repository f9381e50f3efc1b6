"""A sealed value's bytes: a data key of its own, wrapped, and the text under it (security.md K-01).

| form | bytes |
| --- | --- |
| 1 | form, key id (4), nonce (12), ciphertext; under a key that all values of a purpose shared |
| 2 | form, key id (4), wrapped data key (60), nonce (12), ciphertext |
| 3 | form, key id (4), wrapped data key (60), and what followed the form of a value of form 1 |

Key id and wrapped data key can be replaced without knowing whose value it is: that is all a change of keys does. The
ciphertext is bound to purpose, table, row, column and owner, so it opens nowhere else.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PLAIN, ENVELOPE, CARRIED = b"\x01", b"\x02", b"\x03"
ID = slice(1, 5)
NONCE_BYTES = 12
KEY_BYTES = 32
WRAPPED = slice(5, 5 + NONCE_BYTES + KEY_BYTES + 16)
SHORTEST = WRAPPED.stop + NONCE_BYTES + 16


class SealBroken(Exception):
    """A sealed value does not open: wrong key, another row's value, or damage."""


class OtherKey(SealBroken):
    """A sealed value needs a key that is not in the key file, perhaps not yet."""


def encrypt(key: bytes, text: bytes, bound_to: bytes) -> bytes:
    """Nonce, ciphertext and tag under AES-256-GCM with a random nonce."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, bound_to)


def decrypt(key: bytes, box: bytes, bound_to: bytes) -> bytes:
    """What was encrypted. Raises SealBroken."""
    try:
        return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise SealBroken("the sealed value was changed or moved") from None


def form_of(sealed: bytes) -> bytes:
    """Which of the forms it has. Raises SealBroken."""
    if sealed[:1] == PLAIN or (sealed[:1] in (ENVELOPE, CARRIED) and len(sealed) >= SHORTEST):
        return sealed[:1]
    raise SealBroken("not a sealed value")


def key_id(sealed: bytes) -> bytes:
    """The id of the wrapping key that it needs."""
    return sealed[ID]


def _head(form: bytes, wrapping_id: bytes, wrapping_key: bytes, data_key: bytes) -> bytes:
    head = form + wrapping_id
    return head + encrypt(wrapping_key, data_key, head)


def seal(wrapping_id: bytes, wrapping_key: bytes, text: bytes, bound_to: bytes) -> bytes:
    """A value of form 2 with a new data key."""
    data_key = os.urandom(KEY_BYTES)
    return _head(ENVELOPE, wrapping_id, wrapping_key, data_key) + encrypt(data_key, text, ENVELOPE + bound_to)


def data_key(sealed: bytes, wrapping_key: bytes) -> bytes:
    """The data key in a value of form 2 or 3. Raises SealBroken."""
    return decrypt(wrapping_key, sealed[WRAPPED], sealed[: ID.stop])


def rewrap(sealed: bytes, old: bytes, new_id: bytes, new: bytes) -> bytes:
    """A value of form 2 or 3 with its data key wrapped anew, the rest as it is. Raises SealBroken."""
    return _head(form_of(sealed), new_id, new, data_key(sealed, old)) + sealed[WRAPPED.stop :]


def carry(sealed: bytes, shared_key: bytes, new_id: bytes, new: bytes) -> bytes:
    """A value of form 1 as one of form 3: the key of its purpose is wrapped beside it."""
    return _head(CARRIED, new_id, new, shared_key) + sealed[1:]
