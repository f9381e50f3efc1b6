"""Checks an id_token: that the issuer we asked made it, for our client, for this sign-in, and that it still counts.

It came straight from the token endpoint over TLS, in exchange for our code and verifier. OpenID Connect Core
3.1.3.7, rule 6, lets a client rely on that in place of the signature; with ``keys`` the signature is checked too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from integrations.contract import ClientConfig, Secret
from integrations.errors import Malformed

LEEWAY: Final = 120.0
# Neither "none" nor, with a public key at hand, anything made with a shared secret (RFC 8725 section 3.1).
_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ASYMMETRIC: Final = (*_RSA, "ES256", "ES384", "ES512")
ALLOWED: Final = frozenset({*ASYMMETRIC, "HS256", "HS384", "HS512"})


class IdTokenRefused(Malformed):
    """An id_token is not for this sign-in: what came with it is not kept."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The provider's proof of the account was refused: {what}.", code="id_token")


def nonce_of(verifier: Secret) -> str:
    """The nonce of a sign-in (OpenID Connect Core 15.5.2): made of its verifier, so that nothing more is stored."""
    return hashlib.sha256(b"nonce:" + verifier.reveal().encode()).hexdigest()


def claims_of(
    config: ClientConfig, token: Secret, *, nonce: str | None, keys: KeySet | None = None, now: float | None = None
) -> Mapping[str, Any]:
    """The claims of an id_token that is right in every respect (Core 3.1.3.7). Raises IdTokenRefused.

    ``nonce`` None: none was sent. An integration without an issuer has nothing to compare ``iss`` with.
    """
    header, claims = _opened(token, keys)
    if header.get("alg") not in ALLOWED:
        raise IdTokenRefused("it is signed in a way that we do not accept")
    if config.issuer is not None and claims.get("iss") not in {config.issuer, *config.issuer_aliases}:
        raise IdTokenRefused("another provider made it")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if config.client_id not in audiences:
        raise IdTokenRefused("it is meant for another client")
    if claims.get("azp", config.client_id) != config.client_id and len(audiences) > 1:
        raise IdTokenRefused("it was made for another client")
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, (int, float)):
        raise IdTokenRefused("it does not say when it ends")
    if expires + LEEWAY < (time.time() if now is None else now):
        raise IdTokenRefused("it has ended; the clock of this server or of the provider may be wrong")
    if nonce is not None and not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()):
        raise IdTokenRefused("it belongs to another sign-in")
    return claims


def other_sign_in(token: Secret, nonce: str) -> bool:
    """Whether an id_token names a nonce and it is not this one: a code of another sign-in was brought to us."""
    try:
        _, claims = _opened(token, None)
    except IdTokenRefused:
        return False
    return claims.get("nonce") not in {None, nonce}


def _opened(token: Secret, keys: KeySet | None) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        if keys is not None:
            checked = jwt.decode(token.reveal(), keys, algorithms=list(ASYMMETRIC))
            return checked.header, checked.claims
        read = extract_compact(token.reveal().encode())
        claims = json.loads(read.payload)
    except (JoseError, ValueError, RecursionError):
        raise IdTokenRefused("it cannot be read, or its signature is wrong") from None
    if not isinstance(claims, dict):
        raise IdTokenRefused("it cannot be read")
    return read.headers(), claims
