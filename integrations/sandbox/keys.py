"""Owns the RSA key that signs id_tokens; made on first use and gone when the provider stops."""

from functools import cached_property
from typing import Any

from joserfc.jwk import RSAKey


class SigningKey:
    """One RS256 key, named by its thumbprint (RFC 7638)."""

    @cached_property
    def private(self) -> RSAKey:
        """Return the key pair; making it takes about a tenth of a second, so only when it is needed."""
        return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    @property
    def kid(self) -> str:
        """Return the name that id_tokens carry in their header."""
        return str(self.private.kid)

    def public_set(self) -> dict[str, Any]:
        """Return the JWK set with the public half (RFC 7517 section 5)."""
        return {"keys": [self.private.as_dict(private=False)]}
