"""Owns how a client proves itself with a key: a signed assertion in place of a secret (RFC 7523)."""

import json
from collections.abc import Callable
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jwt import JWTClaimsRegistry

from integrations.sandbox.clients import Client
from integrations.sandbox.state import State
from integrations.sandbox.wire import WireRequest

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"]
LONGEST: Final = 3600


class Assertions:
    """Verifies assertions with each client's `public_key`; each `jti` works once."""

    def __init__(self, state: State) -> None:
        """Remember used assertions for as long as the provider runs."""
        self._state = state
        self._used: set[str] = set()

    def __call__(self, query_client: Callable[[str], Client | None], request: WireRequest) -> Client | None:
        """Return the client that the request's assertion proves; None when it proves none (Authlib's shape)."""
        form = request.form
        if form.get("client_assertion_type") != TYPE or not form.get("client_assertion"):
            return None
        try:
            claimed = json.loads(jws.extract_compact(form["client_assertion"].encode()).payload)
            client = query_client(str(claimed["sub"]))
            if client is None or not client.settings.public_key:
                return None
            claims = jwt.decode(form["client_assertion"], _key(client.settings.public_key), ALGORITHMS).claims
            now = int(self._state.clock())
            JWTClaimsRegistry(now=lambda: now, leeway=30, exp={"essential": True}).validate(claims)
        except (JoseError, ValueError, KeyError, TypeError):
            return None
        return client if self._fits(claims, client, now) else None

    def _fits(self, claims: dict[str, Any], client: Client, now: int) -> bool:
        """Whether it is for us, from the client itself, short and new (RFC 7523 section 3)."""
        said = claims.get("aud")
        audiences = [str(one) for one in (said if isinstance(said, list) else [said])]
        name = str(claims.get("jti") or "")
        if not name or name in self._used or claims["exp"] - now > LONGEST:
            return False
        if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
            return False
        if not any(one.startswith(self._state.root) for one in audiences):
            return False
        self._used.add(name)
        return True


def _key(pem: str) -> Any:
    """A public key of any kind that the algorithms take; raise ValueError when it is none."""
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError("the client's public_key is not a key")
