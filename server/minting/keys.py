"""The signing keys of issuers: made once, published before use, and kept until the last token has expired."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlmodel import Session

from integrations.contract import Secret
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration, SigningKey
from server.keys.keyring import Keyring
from server.minting import store
from server.minting.store import ACTIVE, NEXT, OLD
from server.minting.terms import LONGEST_LIFETIME
from server.oauth import store as oauth
from server.web.caller import Caller
from server.web.errors import ApiError, not_found

PURPOSE: Final = "signing key"
ALGORITHM: Final = "RS256"
SIZES: Final = (2048, 3072)
CONFLICT: Final = 26
# Beyond the longest token: what the clocks of warehouses may differ by.
LEEWAY: Final = 300
MOST_OPENED: Final = 1000


@dataclass(frozen=True)
class _Made:
    """A key that is not stored yet."""

    kid: str
    bits: int
    public_pem: str
    private_pem: Secret


def _make(bits: int) -> _Made:
    key = RSAKey.generate_key(bits, private=True)
    private = Secret(key.as_pem(private=True).decode())
    return _Made(key.thumbprint(), bits, key.as_pem(private=False).decode(), private)


def public_jwk(row: SigningKey) -> dict[str, Any]:
    """The public half as a JWK set lists it (RFC 7517 section 4)."""
    numbers = RSAKey.import_key(row.public_pem).as_dict(private=False)
    return {"kty": numbers["kty"], "use": "sig", "alg": ALGORITHM, "kid": row.kid, "n": numbers["n"], "e": numbers["e"]}


def bare(public_pem: str) -> str:
    """A PEM's base64 without header lines and line ends, as `external_oauth_rsa_public_key` takes it."""
    return "".join(line for line in public_pem.splitlines() if not line.startswith("-----"))


class SigningKeys:
    """The key store. One key of an integration signs; another may be published before or after it does."""

    def __init__(self, db: Database, keyring: Keyring, trail: Trail, *, clock: Callable[[], datetime] = now) -> None:
        self._db, self._keyring, self._trail, self._clock = db, keyring, trail, clock
        self._opened: OrderedDict[str, RSAKey] = OrderedDict()

    async def published(self, integration: Integration, *, bits: int = 2048) -> list[SigningKey]:
        """The keys whose tokens may be valid, oldest first; makes the first one where there is none yet."""
        assert integration.id is not None
        rows = await self._db.read(store.keys, integration.id)
        if not any(row.state == ACTIVE for row in rows):
            await self._first(integration, bits)
            rows = await self._db.read(store.keys, integration.id)
        moment = self._clock()
        return [row for row in rows if row.state != OLD or row.keep_until is None or row.keep_until > moment]

    async def active(self, integration: Integration, *, bits: int = 2048) -> SigningKey:
        """The key that signs now; made where there is none yet."""
        assert integration.id is not None
        row = await self._db.read(store.active, integration.id)
        return row or next(key for key in await self.published(integration, bits=bits) if key.state == ACTIVE)

    async def _first(self, integration: Integration, bits: int) -> None:
        made = await asyncio.to_thread(_make, bits)

        def add(session: Session) -> None:
            row = oauth.by_guid(session, integration.guid, lock=True)
            if store.active(session, row.id or 0) is None:
                self._add(session, row, made, ACTIVE)
                self._trail.record(session, None, "add_signing_key", integration=row.guid, kid=made.kid, state=ACTIVE)

        await self._db.write(add)

    def _add(self, session: Session, integration: Integration, made: _Made, state: str) -> SigningKey:
        assert integration.id is not None
        moment = self._clock()
        row = SigningKey(
            integration_id=integration.id,
            kid=made.kid,
            state=state,
            bits=made.bits,
            public_pem=made.public_pem,
            sealed_private=self._keyring.seal(
                made.private_pem.reveal(), purpose=PURPOSE, bound_to=_bound_to(made.kid, integration.id)
            ),
            created_time=moment,
            used_time=moment if state == ACTIVE else None,
        )
        session.add(row)
        session.flush()
        return row

    async def publish(self, actor: Caller | None, integration: Integration, *, bits: int) -> SigningKey:
        """Publish a new key that signs nothing yet. Raises ApiError 409 while another one waits to be used."""
        await self.published(integration, bits=bits)
        made = await asyncio.to_thread(_make, bits)

        def add(session: Session) -> SigningKey:
            row = oauth.by_guid(session, integration.guid, lock=True)
            if any(key.state == NEXT for key in store.keys(session, row.id or 0)):
                raise ApiError(409, CONFLICT, "A new key is published already; use it or remove it first.")
            self._trail.record(session, actor, "add_signing_key", integration=row.guid, kid=made.kid, state=NEXT)
            return self._add(session, row, made, NEXT)

        return await self._db.write(add)

    async def use(self, actor: Caller | None, integration: Integration, kid: str) -> SigningKey:
        """Sign with a published key from now on; the one before stays published until its last token has expired.

        Raises ApiError 404 for a key that is not there, 409 for one that has been replaced.
        """

        def switch(session: Session) -> SigningKey:
            row = oauth.by_guid(session, integration.guid, lock=True)
            rows = store.keys(session, row.id or 0)
            wanted = _named(rows, kid)
            if wanted.state == OLD:
                raise ApiError(409, CONFLICT, "This key has been replaced; publish a new one.")
            if wanted.state == NEXT:
                self._retire(session, rows)
                wanted.state, wanted.used_time = ACTIVE, self._clock()
                session.add(wanted)
                self._trail.record(session, actor, "use_signing_key", integration=row.guid, kid=kid)
            store.forget_ended(session, row.id or 0, self._clock())
            return wanted

        return await self._db.write(switch)

    def _retire(self, session: Session, rows: list[SigningKey]) -> None:
        """A lifetime that was shortened lately says nothing about tokens made before, so the longest one counts."""
        for row in rows:
            if row.state == ACTIVE:
                row.state = OLD
                row.keep_until = self._clock() + timedelta(seconds=LONGEST_LIFETIME + LEEWAY)
                session.add(row)
        session.flush()

    async def remove(self, actor: Caller | None, integration: Integration, kid: str) -> None:
        """Take back a key at once, with every token that it signed. Raises ApiError 404, 409 for the one in use."""

        def drop(session: Session) -> None:
            row = oauth.by_guid(session, integration.guid, lock=True)
            unwanted = _named(store.keys(session, row.id or 0), kid)
            if unwanted.state == ACTIVE:
                raise ApiError(409, CONFLICT, "This key is in use; publish and use another one first.")
            self._trail.record(session, actor, "remove_signing_key", integration=row.guid, kid=kid)
            session.delete(unwanted)

        await self._db.write(drop)
        self._opened.pop(kid, None)

    async def sign(self, row: SigningKey, claims: dict[str, Any]) -> Secret:
        """A compact JWT over `claims`. Raises SealBroken where the stored key does not open."""
        key = self._opened.get(row.kid)
        if key is None:
            pem = self._keyring.open(
                row.sealed_private, purpose=PURPOSE, bound_to=_bound_to(row.kid, row.integration_id)
            )
            key = RSAKey.import_key(pem)
            self._opened[row.kid] = key
            while len(self._opened) > MOST_OPENED:
                self._opened.popitem(last=False)
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": row.kid}
        return Secret(await asyncio.to_thread(jwt.encode, header, claims, key))


def _named(rows: list[SigningKey], kid: str) -> SigningKey:
    found = next((row for row in rows if row.kid == kid), None)
    if found is None:
        raise not_found("signing key")
    return found


def _bound_to(kid: str, integration_id: int) -> str:
    return f"signing_keys|{kid}|{integration_id}|private"
