"""Holds the body of a signed request to the checksum that was signed with it (connect-api.md 1.8)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from starlette.types import Message, Receive

from server.web.errors import BAD_REQUEST, invalid

TOKEN_HEADER, CHECKSUM_HEADER = b"x-auth-token", b"x-content-checksum"


def digest_in(value: bytes) -> bytes | None:
    """The MD5 that a checksum field holds in base64, or None where it holds none."""
    try:
        found = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == 16 else None


def checked(headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> Receive:
    """`receive`, which for a signed request ends the body with an error where it is not the signed one.

    The last part of a body that differs is never handed on, so whoever reads a body to its end before acting,
    as every route does, has acted on nothing. Raises ApiError 400 from inside the reading.
    """
    sent = dict(headers)
    if TOKEN_HEADER not in sent:
        return receive
    # MD5 is what the clients of this scheme send; it is signed, and guards against nothing else.
    running, expected = hashlib.md5(usedforsecurity=False), digest_in(sent.get(CHECKSUM_HEADER, b""))

    async def receiving() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            running.update(message.get("body", b""))
            whole = not message.get("more_body", False)
            if whole and not hmac.compare_digest(running.digest(), expected or b""):
                raise invalid("The request body is not the one that X-Content-Checksum describes.", BAD_REQUEST)
        return message

    return receiving
