"""Random credentials and the digests under which they are stored (security.md S-08)."""

from __future__ import annotations

import hashlib
import secrets

KEY_PREFIX = "tbk_"


def new_key() -> str:
    """A new API key: a prefix scanners can recognise and 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def new_token() -> str:
    """256 random bits, for cookies."""
    return secrets.token_urlsafe(32)


def digest(value: str) -> str:
    """SHA-256 in hex: enough for values that are random themselves, and safe to look up by."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
