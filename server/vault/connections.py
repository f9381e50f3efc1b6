"""Viewers' connections: made by a consent, listed, ended by a disconnect or a change of the integration."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from integrations.contract import ClientConfig, TokenSet, missing_scopes
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Connection, Integration, User
from server.keys.keyring import SealBroken
from server.oauth.integrations import Integrations
from server.vault.lease import Clock, finish, put_terms, row_of
from server.vault.revoker import Revoker, Tokens
from server.vault.seals import Seals
from server.vault.standing import Standings
from server.web.caller import Caller
from server.web.errors import ApiError

NO_SESSION = 220


@dataclass(frozen=True)
class ConnectionView:
    """One connection as lists show it; tokens have no place here."""

    id: int
    guid: str
    user_guid: str
    user_name: str
    integration_guid: str
    integration_name: str
    template: str
    status: str
    reason: str
    account: str | None
    scopes: tuple[str, ...]
    has_refresh_token: bool
    access_expires_at: datetime | None
    created_time: datetime
    updated_time: datetime
    refreshed_time: datetime | None


@dataclass(frozen=True)
class Consented:
    """What a consent brought: the tokens, when they were asked for, and under which client."""

    integration_id: int
    config_version: int
    config: ClientConfig
    tokens: TokenSet
    asked_at: datetime
    account: str | None


class Connections:
    """The store of connections. Every write makes the memory of standings true again."""

    def __init__(
        self,
        db: Database,
        seals: Seals,
        integrations: Integrations,
        *,
        standings: Standings,
        revoker: Revoker,
        trail: Trail,
        clock: Clock = now,
    ) -> None:
        self._db = db
        self._seals = seals
        self._integrations = integrations
        self._standings = standings
        self._revoker = revoker
        self._trail = trail
        self._clock = clock
        integrations.when_ending(self._integration_ending)

    async def save(self, caller: Caller, consented: Consented) -> str | None:
        """Keep what a consent brought; returns the connection's GUID, which a repeated consent keeps.

        None when the integration was changed or deleted meanwhile: then nothing is kept and the new tokens
        are revoked (O-32).
        """
        kept = await self._db.write(self._save, caller, consented)
        if kept is None:
            tokens = Tokens(consented.tokens.access_token, consented.tokens.refresh_token)
            self._revoker.later(consented.config, [tokens])
            return None
        guid, integration_guid = kept
        self._standings.forget(caller.guid, integration_guid)
        return guid

    def _save(self, session: Session, caller: Caller, new: Consented) -> tuple[str, str] | None:
        integration = session.get(Integration, new.integration_id, with_for_update=True)
        if integration is None or integration.config_version != new.config_version:
            return None
        query = select(Connection).where(
            Connection.user_id == caller.user_id,
            Connection.integration_id == new.integration_id,
            Connection.role_key == "",
        )
        row = session.exec(query.with_for_update()).first()
        moment = self._clock()
        if row is None:
            row = Connection(
                guid=str(uuid.uuid4()),
                user_id=caller.user_id,
                integration_id=new.integration_id,
                fingerprint="",
                created_time=moment,
            )
            before = None
        else:
            before = row.account
            row.version += 1
            row.fence += 1
        self._fill(row, integration, new)
        row.updated_time = moment
        session.add(row)
        facts = {"integration": integration.guid, "connection": row.guid, "status": row.status}
        self._trail.record(session, caller, "connect_oauth_integration", **facts)
        if before is not None and row.account is not None and before != row.account:
            self._trail.record(session, caller, "change_oauth_account", **facts, before=before, after=row.account)
        return row.guid, integration.guid

    def _fill(self, row: Connection, integration: Integration, new: Consented) -> None:
        row.fingerprint, row.config_version = integration.fingerprint, integration.config_version
        self._seals.put(row, access=new.tokens.access_token, refresh=new.tokens.refresh_token)
        row.scopes = " ".join(new.config.scopes)
        put_terms(row, new.tokens, new.asked_at)
        missing = missing_scopes(new.config, new.tokens)
        row.status = "reauth_required" if missing else "connected"
        row.status_reason = f"missing_scopes: {' '.join(missing)}" if missing else ""
        row.account = new.account
        row.lease_owner = row.lease_until = None
        row.attempt_hash = row.attempt_time = None
        row.refreshed_time = None

    async def of_user(self, user_id: int) -> list[ConnectionView]:
        """One person's connections, oldest first."""
        return await self._db.read(_views, user_id)

    async def all(self) -> list[ConnectionView]:
        """Everybody's connections, oldest first."""
        return await self._db.read(_views, None)

    async def get(self, caller: Caller, guid: str) -> ConnectionView:
        """One connection: one's own, or any for administrators. Raises ApiError 404, code 220."""
        found = await self._db.read(_views, None if caller.has("administrator") else caller.user_id, guid)
        if not found:
            raise ApiError(404, NO_SESSION, "The requested OAuth session does not exist.")
        return found[0]

    async def disconnect(self, caller: Caller, guid: str) -> None:
        """Delete a connection now, and tell the provider in the background. Raises ApiError 404, code 220."""
        view = await self.get(caller, guid)
        config, tokens = await self._db.write(self._delete, caller, view)
        self._standings.forget(view.user_guid, view.integration_guid)
        if config is not None and tokens is not None:
            self._revoker.later(config, [tokens])

    def _delete(
        self, session: Session, caller: Caller, view: ConnectionView
    ) -> tuple[ClientConfig | None, Tokens | None]:
        row = row_of(session, view.guid)
        if row is None:
            raise ApiError(404, NO_SESSION, "The requested OAuth session does not exist.")
        integration = session.get(Integration, row.integration_id)
        config = None
        # Only the endpoint that issued a token may see it again (decision 3 of security.md 0.1).
        if integration is not None and integration.fingerprint == row.fingerprint:
            config = self._integrations.client_config(integration)
        tokens = self._opened(row)
        session.delete(row)
        self._trail.record(
            session,
            caller,
            "disconnect_oauth_integration",
            integration=view.integration_guid,
            connection=view.guid,
            user=view.user_guid,
        )
        return config, tokens

    def _opened(self, row: Connection) -> Tokens | None:
        try:
            return Tokens(self._seals.access(row), self._seals.refresh(row))
        except SealBroken:
            return None

    def _integration_ending(self, session: Session, integration: Integration, old: ClientConfig) -> Callable[[], None]:
        """In the transaction that re-points or deletes an integration: end its connections, revoke at the old place."""
        rows = session.exec(
            select(Connection).where(Connection.integration_id == integration.id).with_for_update()
        ).all()
        tokens = [pair for pair in (self._opened(row) for row in rows) if pair is not None]
        for row in rows:
            finish(row, "changed", self._clock())
            session.add(row)

        def afterwards() -> None:
            self._standings.forget_all()
            self._revoker.later(old, tokens)

        return afterwards


def _views(session: Session, user_id: int | None, guid: str | None = None) -> list[ConnectionView]:
    query = (
        select(Connection, Integration, User)
        .join(Integration, col(Integration.id) == Connection.integration_id)
        .join(User, col(User.id) == Connection.user_id)
        .order_by(col(Connection.id))
    )
    if user_id is not None:
        query = query.where(Connection.user_id == user_id)
    if guid is not None:
        query = query.where(Connection.guid == guid)
    return [_view(*row) for row in session.exec(query).all()]


def _view(row: Connection, integration: Integration, user: User) -> ConnectionView:
    assert row.id is not None
    return ConnectionView(
        id=row.id,
        guid=row.guid,
        user_guid=user.guid,
        user_name=user.username,
        integration_guid=integration.guid,
        integration_name=integration.name or integration.template,
        template=integration.template,
        status=row.status,
        reason=row.status_reason,
        account=row.account,
        scopes=tuple(row.scopes.split()),
        has_refresh_token=row.sealed_refresh is not None,
        access_expires_at=row.access_expires_at,
        created_time=row.created_time,
        updated_time=row.updated_time,
        refreshed_time=row.refreshed_time,
    )
