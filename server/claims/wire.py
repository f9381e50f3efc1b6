"""What a tool sends to begin a claim, and what it is told; its public key, checked."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, NotRequired

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pydantic import Field
from typing_extensions import TypedDict

LONGEST_KEY = 2048
# Smaller keys can be broken, larger ones make verifying slow.
LEAST_BITS, MOST_BITS = 2048, 4096
LARGEST_EXPONENT = 2**32


class TokenRequest(TypedDict):
    """A token that a tool made up, and the public half of its key: base64 of a DER SubjectPublicKeyInfo, RSA."""

    token: Annotated[str, Field(pattern=r"^T[0-9A-Fa-f]{32}$")]
    public_key: Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)]
    user_id: NotRequired[int | None]


class TokenReply(TypedDict):
    """Where a person claims it."""

    token_claim_url: str


def public_key(text: str) -> bytes | None:
    """The key in its one DER spelling, or None for what is no RSA key of a fit size. PEM's lines are read too."""
    lines = [line.strip() for line in text[:LONGEST_KEY].splitlines() if "-----" not in line]
    try:
        key = load_der_public_key(base64.b64decode("".join(lines), validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey) or not LEAST_BITS <= key.key_size <= MOST_BITS:
        return None
    exponent = key.public_numbers().e
    if exponent % 2 == 0 or not 2 < exponent < LARGEST_EXPONENT:
        return None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
