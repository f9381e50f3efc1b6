"""A tool that signs its requests as Posit Publisher and R's rsconnect do (connect-api.md 1.8)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def new_key() -> RSAPrivateKey:
    """A key of its own, which takes a while to make."""
    return generate_private_key(65537, 2048)


# The key of every tool that does not bring another: only their tokens differ.
shared_key = cache(new_key)


@dataclass
class Signer:
    """A token and the key that belongs to it."""

    key: RSAPrivateKey = field(default_factory=shared_key)
    token: str = field(default_factory=lambda: "T" + secrets.token_hex(16))

    def public_key(self) -> str:
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def registration(self) -> dict[str, object]:
        """The body of POST /tokens."""
        return {"token": self.token, "public_key": self.public_key(), "user_id": 0}

    def headers(
        self, method: str, path: str, body: bytes = b"", *, off: timedelta = timedelta(), **changes: str
    ) -> dict[str, str]:
        """The fields of one signed request. `off` moves its date; `changes` replace fields after signing."""
        date = format_datetime(datetime.now(UTC) + off, usegmt=True)
        checksum = base64.b64encode(hashlib.md5(body).digest()).decode()
        text = f"{method}\n{path.partition('?')[0]}\n{date}\n{checksum}"
        signature = base64.b64encode(self.key.sign(text.encode(), PKCS1v15(), SHA1())).decode()
        made = {
            "X-Auth-Token": self.token,
            "X-Auth-Signature": signature,
            "Date": date,
            "X-Content-Checksum": checksum,
        }
        return made | {name.replace("_", "-"): value for name, value in changes.items()}
