"""Finds the last token of an integration that a caller may look into, and says what is in it, never the token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlmodel import Session, col, select

from integrations.contract import Secret
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Connection, Integration
from server.keys.credentials import digest
from server.keys.keyring import SealBroken
from server.minting import inspection, wire
from server.minting.inspection import Expected
from server.minting.issuers import signs
from server.minting.keys import SigningKeys
from server.minting.minter import Minter
from server.minting.policy import RoleRefused
from server.minting.terms import TEMPLATE
from server.oauth import permissions
from server.oauth.integrations import Integrations
from server.vault.connections import NO_SESSION
from server.vault.errors import IntegrationBroken, NotConnected, TryLater, said
from server.vault.seals import Seals
from server.vault.service import ServiceTokens
from server.web.caller import Caller
from server.web.errors import ApiError, denied, invalid, not_found

NO_TOKEN: Final = 241
Whose = Literal["viewer", "service_account", "content"]
Sample = Callable[[Integration], Awaitable[Secret]]


@dataclass(frozen=True)
class _Found:
    """A token to look into, and what it should say."""

    token: Secret
    whose: Whose
    expected: Expected
    kind: Literal["access_token", "id_token"] = "access_token"


class Inspector:
    """Looks into one's own token; into a service account's only for administrators.

    A viewer's stored token is read as it is, not renewed: the inspector shows what the app was given last.
    """

    def __init__(
        self,
        db: Database,
        integrations: Integrations,
        minter: Minter,
        keys: SigningKeys,
        *,
        seals: Seals,
        service: ServiceTokens,
        content_sample: Sample,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._db, self._integrations, self._minter, self._keys = db, integrations, minter, keys
        self._seals, self._service, self._content_sample, self._clock = seals, service, content_sample, clock

    async def inspect(self, caller: Caller, guid: str, role: str = "") -> wire.InspectionObject:
        """What the token says. `role` chooses among several connections, or what to mint.

        Raises ApiError 404 (no such integration, or code 220: no connection), 403 where the mapping gives the caller
        no role, 400 (241) where no token can be had.
        """
        row = await self._integrations.get(guid)
        found = await self._find(caller, row, role)
        decoded = inspection.decode(found.token.reveal())
        moment = self._clock().timestamp()
        shown: wire.InspectionObject = {
            "oauth_integration_guid": row.guid,
            "whose": found.whose,
            "kind": found.kind,
            "fingerprint": digest(found.token.reveal())[:12],
            "opaque": decoded is None,
            "header": decoded.header if decoded else {},
            "claims": decoded.claims if decoded else {},
            "times": inspection.times(decoded.claims, moment) if decoded else {},
            "findings": [],
        }
        if decoded is not None:
            judged = inspection.findings(decoded, found.expected, moment)
            shown["findings"] = [
                {"claim": each.claim, "met": each.met, "required": each.required, "says": each.says} for each in judged
            ]
        return shown

    async def _find(self, caller: Caller, row: Integration, role: str) -> _Found:
        try:
            if row.template == TEMPLATE:
                return await self._minted(caller, row, role)
            if row.auth_type == "Service Account":
                return await self._service_account(caller, row)
            return await self._stored(caller, row, role)
        except (IntegrationBroken, TryLater) as error:
            raise ApiError(400, NO_TOKEN, error.reason) from None
        except NotConnected:
            raise not_found("OAuth integration") from None

    async def _minted(self, caller: Caller, row: Integration, role: str) -> _Found:
        assert row.id is not None
        given = (await self._minter.facts(caller.user_id, row.id)).given
        if not given.roles and not permissions.may_use(caller, row):
            raise not_found("OAuth integration")
        try:
            token = await self._minter.token(caller, row.id, role=role)
        except RoleRefused as error:
            raise denied(str(error)) from None
        terms = self._minter.terms(row)
        expected = Expected(
            strict=True,
            issuer=terms.issuer,
            audiences=terms.audiences,
            scope_claim=terms.scope_claim,
            scope_delimiter=terms.scope_delimiter,
            user_claim=terms.user_claim,
            role=role or given.roles[0],
            kids=tuple(key.kid for key in await self._keys.published(row)),
        )
        return _Found(token.access_token, "viewer", expected)

    async def _service_account(self, caller: Caller, row: Integration) -> _Found:
        if not caller.has("administrator"):
            if permissions.may_use(caller, row):
                raise denied("Only administrators look into the token of a service account.")
            raise not_found("OAuth integration")
        if signs(row):
            return _Found(await self._content_sample(row), "content", Expected(strict=False), "id_token")
        assert row.id is not None
        issued = await self._service.service_token(row.id)
        return _Found(issued.access_token, "service_account", Expected(strict=False))

    async def _stored(self, caller: Caller, row: Integration, role: str) -> _Found:
        if row.auth_type != "Viewer":
            raise invalid("This integration gives API keys of this server; there is no token to look into.")
        assert row.id is not None
        connection = await self._db.read(_last, caller.user_id, row.id, role)
        if connection is None and not permissions.may_use(caller, row):
            raise not_found("OAuth integration")
        if connection is None:
            raise ApiError(404, NO_SESSION, "You are not connected here, so there is no token to look into.")
        try:
            token = self._seals.access(connection)
        except SealBroken:
            raise ApiError(400, NO_TOKEN, said("damaged")) from None
        if token is None:
            raise ApiError(400, NO_TOKEN, f"{said(connection.status_reason)} There is no token to look into.".strip())
        client = self._integrations.client_config(row)
        expected = Expected(strict=False, issuer=client.issuer, role=connection.role_key)
        return _Found(token, "viewer", expected, client.handed_on)


def _last(session: Session, user_id: int, integration_id: int, role: str) -> Connection | None:
    """A person's connection that was written last; with `role` the one of that role."""
    query = select(Connection).where(Connection.user_id == user_id, Connection.integration_id == integration_id)
    if role:
        query = query.where(Connection.role_key == role)
    return session.exec(query.order_by(col(Connection.updated_time).desc())).first()
