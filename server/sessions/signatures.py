"""Reads and verifies the signatures of requests by claimed tools: RSA over method, path, date and checksum.

The scheme is the clients' (connect-api.md 1.8): RSASSA-PKCS1-v1_5 with SHA-1 over
`METHOD\\nPATH\\nDate\\nX-Content-Checksum`, the path as it was sent, without the query.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1

from server.web.checksum import digest_in

# How far a request's Date may be from our clock; within that time a request that was overheard could be sent again.
WINDOW = timedelta(minutes=5)
TOKEN = re.compile(r"T[0-9A-Fa-f]{32}")
EMPTY_MD5 = b"\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e"
NAMES = (b"x-auth-token", b"x-auth-signature", b"date", b"x-content-checksum")


@dataclass(frozen=True)
class Line:
    """The request line as it was sent. `empty` where nobody will compare the body with its checksum."""

    method: str
    target: bytes
    empty: bool = False


class BadSignature(Exception):
    """The signature's fields cannot be used; the text says why, and holds nothing that was sent."""


@dataclass(frozen=True)
class Signature:
    """The fields of a signed request, well formed and in time, not yet verified."""

    token: str
    signature: bytes
    signed: bytes

    def made_by(self, key: RSAPublicKey) -> bool:
        """Whether the holder of `key` signed exactly this request."""
        try:
            key.verify(self.signature, self.signed, PKCS1v15(), SHA1())  # noqa: S303 - the clients' scheme
        except InvalidSignature:
            return False
        return True


def _once(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in NAMES:
            if name in found:
                raise BadSignature(f"{name.decode()} was sent twice.")
            found[name] = value
    return found


def _in_time(value: bytes, moment: datetime) -> bool:
    try:
        sent = parsedate_to_datetime(value.decode("ascii"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    sent = sent.replace(tzinfo=UTC) if sent.tzinfo is None else sent
    return abs(sent - moment) <= WINDOW


def read(headers: tuple[tuple[bytes, bytes], ...], line: Line | None, moment: datetime) -> Signature:
    """The signature of a request. Raises BadSignature."""
    sent = _once(headers)
    missing = [name.decode() for name in NAMES if name not in sent]
    if missing:
        raise BadSignature(f"A signed request needs {', '.join(missing)}.")
    if not _in_time(sent[b"date"], moment):
        raise BadSignature("The Date of this request is more than five minutes off; check the clock of the computer.")
    token, checksum = sent[b"x-auth-token"].decode("latin-1"), digest_in(sent[b"x-content-checksum"])
    try:
        signature = base64.b64decode(sent[b"x-auth-signature"], validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    if line is None or TOKEN.fullmatch(token) is None or checksum is None or not signature:
        raise BadSignature("The signature of this request cannot be read.")
    if line.empty and (checksum != EMPTY_MD5 or _has_body(headers) or line.method not in ("GET", "HEAD")):
        raise BadSignature("Content is opened by a signed GET without a body.")
    path = line.target.partition(b"?")[0]
    parts = (line.method.encode(), path, sent[b"date"], sent[b"x-content-checksum"])
    return Signature(token, signature, b"\n".join(parts))


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0") for name, value in headers
    )
