"""JWTs that our client signs about itself: the assertion of ``private_key_jwt`` and the token of a GitHub App."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from joserfc import jwt

from integrations.contract import ClientConfig, Secret
from integrations.errors import ClientRejected
from integrations.key_files import BadKey, SigningKey, signing_key, thumbprint

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE: Final = 300
# GitHub refuses lives over ten minutes, and clocks that run ahead of its own.
GITHUB_LIFE: Final = 540
GITHUB_BACKDATE: Final = 60


def client_assertion(config: ClientConfig, *, now: float | None = None) -> Secret:
    """What proves our client at a token endpoint (RFC 7523 section 3, OpenID Connect Core section 9).

    It names the token endpoint as its audience, lives for five minutes and is used once. The key is named by
    ``key_id``, by the thumbprint of the certificate (``x5t#S256``, as Entra wants it), or not at all. Raises
    ClientRejected without a usable key.
    """
    moment = int(time.time() if now is None else now)
    claims = {
        "iss": config.client_id,
        "sub": config.client_id,
        "aud": config.token_uri,
        "jti": secrets.token_urlsafe(24),
        "iat": moment,
        "nbf": moment,
        "exp": moment + ASSERTION_LIFE,
    }
    return _signed(config, claims)


def github_app_token(config: ClientConfig, *, now: float | None = None) -> Secret:
    """What a GitHub App shows when it asks for a token of its installation. Raises ClientRejected."""
    moment = int(time.time() if now is None else now)
    claims = {"iss": config.client_id, "iat": moment - GITHUB_BACKDATE, "exp": moment + GITHUB_LIFE}
    return _signed(config, claims)


@lru_cache(maxsize=64)
def _key(private: Secret) -> tuple[SigningKey, str]:
    """The key of a PEM text. Reading one checks its primes, a tenth of a second in which nobody else is served."""
    return signing_key(private.reveal())


def _signed(config: ClientConfig, claims: Mapping[str, Any]) -> Secret:
    if not config.private_key:
        raise ClientRejected(
            "This integration has no private key. An administrator should enter it again.", code="missing_secret"
        )
    header: dict[str, Any] = {"typ": "JWT"}
    try:
        key, usual = _key(config.private_key)
        if config.certificate:
            header["x5t#S256"] = thumbprint(config.certificate)
    except BadKey:
        raise ClientRejected(
            "This integration's private key or certificate cannot be used. An administrator should enter it again.",
            code="bad_key",
        ) from None
    header["alg"] = config.assertion_alg or usual
    if config.key_id:
        header["kid"] = config.key_id
    return Secret(jwt.encode(header, dict(claims), key, algorithms=[header["alg"]]))
