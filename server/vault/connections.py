"""Viewers' connections: made by a consent, listed, ended by a disconnect or a change of the integration."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from integrations.contract import ClientConfig, TokenSet, missing_scopes
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Connection, Integration, User
from server.keys.keyring import SealBroken
from server.oauth.integrations import Integrations
from server.vault.account import Account, OtherAccount, another, called, only_account
from server.vault.again import goes_on, holds_refresh
from server.vault.lease import Clock, finish, put_terms
from server.vault.outcomes import Outcome, Outcomes, second_of
from server.vault.revoker import Revoker, Tokens, Whose
from server.vault.seals import Seals
from server.vault.standing import Standings
from server.web.caller import Caller
from server.web.errors import ApiError, denied

NO_SESSION = 220


@dataclass(frozen=True)
class ConnectionView:
    """One connection as lists show it; tokens have no place here. `scopes` were granted, `asked` were asked for."""

    id: int
    guid: str
    user_guid: str
    user_name: str
    integration_guid: str
    integration_name: str
    template: str
    role: str
    status: str
    reason: str
    account: str | None
    subject: str | None
    scopes: tuple[str, ...]
    asked: tuple[str, ...] | None
    has_refresh_token: bool
    access_expires_at: datetime | None
    created_time: datetime
    updated_time: datetime
    refreshed_time: datetime | None


Views = list[ConnectionView]


@dataclass(frozen=True)
class Consented:
    """What a consent brought: the tokens, when they were asked for, under which client and for which role."""

    integration_id: int
    config_version: int
    config: ClientConfig
    tokens: TokenSet
    asked_at: datetime
    account: str | None
    role: str = ""


@dataclass(frozen=True)
class Kept:
    """What a consent left behind: the connection, whose account at the vendor it was before where that changed and
    is now, and which scopes were asked for and not granted (O-29, O-37).
    """

    guid: str
    before: str = ""
    after: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ended:
    """A connection that was deleted. `vendor` says what becomes of its tokens at the provider: `told` (soon, and
    again until it works), `no_endpoint` (the provider offers no way to end them), `changed` (they were issued
    under other settings, and go nowhere else), `unreadable` (they do not open), `nothing` (it held none).
    """

    connection: ConnectionView
    vendor: str


class Connections:
    """The store of connections. Every write makes what is in memory true again."""

    def __init__(
        self,
        db: Database,
        seals: Seals,
        integrations: Integrations,
        *,
        standings: Standings,
        revoker: Revoker,
        trail: Trail,
        outcomes: Outcomes,
        clock: Clock = now,
    ) -> None:
        self._db = db
        self._seals = seals
        self._integrations = integrations
        self._standings = standings
        self._revoker = revoker
        self._trail = trail
        self._outcomes = outcomes
        self._clock = clock
        integrations.when_ending(self._integration_ending)

    async def save(self, caller: Caller, consented: Consented) -> str | None:
        """As `keep`, for who needs the GUID alone."""
        kept = await self.keep(caller, consented)
        return None if kept is None else kept.guid

    async def keep(self, caller: Caller, consented: Consented) -> Kept | None:
        """Keep what a consent brought; the connection keeps its GUID when the consent was a repeated one.

        None when the integration was changed or deleted meanwhile: then nothing is kept and the new tokens
        are revoked (O-32). Raises OtherAccount, and then the old tokens are kept and the new ones revoked.
        """
        try:
            kept = await self._db.write(self._keep, caller, consented)
        except OtherAccount as other:
            self._unwanted(caller, consented)
            facts = {"integration": await self._db.read(_guid_of, consented.integration_id), "role": consented.role}
            self._trail.later(caller, "refuse_oauth_account", **facts, before=other.before, after=other.after)
            raise
        if kept is None:
            self._unwanted(caller, consented)
            return None
        found, integration_guid = kept
        self._standings.forget(caller.guid, integration_guid, consented.role)
        skew, second = consented.tokens.skew, second_of(consented.config, consented.tokens)
        told = Outcome(
            integration_guid, found.guid, "consent", True, skew=skew, missing_scopes=found.missing, used_second=second
        )
        self._outcomes.tell(told)
        return found

    def _unwanted(self, caller: Caller, consented: Consented) -> None:
        tokens = Tokens(consented.tokens.access_token, consented.tokens.refresh_token)
        self._revoker.later(consented.config, tokens, Whose("", "", caller.guid))

    def _keep(self, session: Session, caller: Caller, new: Consented) -> tuple[Kept, str] | None:
        integration = session.get(Integration, new.integration_id, with_for_update=True)
        if integration is None or integration.config_version != new.config_version:
            return None
        query = select(Connection).where(
            Connection.user_id == caller.user_id,
            Connection.integration_id == new.integration_id,
        )
        rows = session.exec(query.order_by(col(Connection.id)).with_for_update()).all()
        if integration.one_account:
            only_account(rows, integration.fingerprint, (new.tokens.subject, new.account))
        row = next((there for there in rows if there.role_key == new.role), None)
        moment = self._clock()
        before: Account = (None, None)
        if row is None:
            row = Connection(
                guid=str(uuid.uuid4()),
                user_id=caller.user_id,
                integration_id=new.integration_id,
                role_key=new.role,
                fingerprint="",
                created_time=moment,
            )
        else:
            before = (row.subject, row.account)
            if goes_on(row, integration, new.config, new.tokens) and (held := self._opened(row)):
                new = replace(new, tokens=replace(new.tokens, refresh_token=held.refresh))
            row.version += 1
            row.fence += 1
        self._fill(row, integration, new)
        row.updated_time = moment
        session.add(row)
        facts = {"integration": integration.guid, "connection": row.guid, "role": row.role_key, "status": row.status}
        self._trail.record(session, caller, "connect_oauth_integration", **facts)
        kept = Kept(row.guid, after=called((row.subject, row.account)), missing=missing_scopes(new.config, new.tokens))
        if another(before, (row.subject, row.account)):
            kept = replace(kept, before=called(before))
            self._trail.record(session, caller, "change_oauth_account", **facts, before=kept.before, after=kept.after)
        return kept, integration.guid

    async def renews(self, user_id: int, integration: Integration, role: str) -> bool:
        """Whether a connection stands and holds a refresh token."""
        return await self._db.read(holds_refresh, user_id, integration, role)

    def _fill(self, row: Connection, integration: Integration, new: Consented) -> None:
        row.fingerprint, row.config_version = integration.fingerprint, integration.config_version
        self._seals.put(row, access=new.tokens.access_token, refresh=new.tokens.refresh_token)
        row.scopes = row.asked_scopes = " ".join(new.config.scopes)
        row.extras, row.subject = {}, None
        put_terms(row, new.tokens, new.asked_at)
        missing = missing_scopes(new.config, new.tokens)
        row.status = "reauth_required" if missing else "connected"
        row.status_reason = f"missing_scopes: {' '.join(missing)}" if missing else ""
        row.account = new.account
        row.lease_owner = row.lease_until = None
        row.attempt_hash = row.attempt_time = None
        row.attempts_lost = 0
        row.refreshed_time = None

    async def of_user(self, user_id: int) -> Views:
        """One person's connections, oldest first."""
        return await self.list(user_id=user_id)

    async def all(self) -> Views:
        """Everybody's connections, oldest first."""
        return await self.list()

    async def list(
        self, user_id: int | None = None, integration_id: int | None = None, role: str | None = None
    ) -> Views:
        """The connections of one person, at one integration, in one role ("" is the default one), oldest first."""
        return await self._db.read(_views, user_id, integration_id, role)

    async def get(self, caller: Caller, guid: str) -> ConnectionView:
        """One connection: one's own, or any for administrators. Raises ApiError 404, code 220."""
        own = None if caller.has("administrator") else caller.user_id
        found = await self._db.read(_views, own, None, None, guid)
        if not found:
            raise ApiError(404, NO_SESSION, "The requested OAuth session does not exist.")
        return found[0]

    async def by_guids(self, guids: Sequence[str]) -> Views:
        """These connections, as far as they are there, oldest first."""
        return await self._db.read(_views_of, guids)

    async def disconnect(self, caller: Caller, guid: str) -> Ended:
        """Delete a connection now, and tell the provider in the background.

        Raises ApiError 404, code 220, and 403 for an app that acts for her a while.
        """
        if caller.via == "visitor":
            raise denied("An app that acts for you cannot end your connections.")
        ended = await self.revoke(caller, [await self.get(caller, guid)], "disconnected")
        if not ended:
            raise ApiError(404, NO_SESSION, "The requested OAuth session does not exist.")
        return ended[0]

    async def revoke(self, actor: Caller | None, connections: Sequence[ConnectionView], why: str) -> Sequence[Ended]:
        """Delete these connections now; the providers are told in the background. Who may is the caller's to decide.

        `why` is a word for the audit trail. Those that were gone already are left out of the answer.
        """
        ended = await self._db.write(self._delete, actor, connections, why)
        for there in connections:
            self._standings.forget(there.user_guid, there.integration_guid, there.role)
        self._revoker.wake()
        return ended

    def _delete(
        self, session: Session, actor: Caller | None, connections: Sequence[ConnectionView], why: str
    ) -> Sequence[Ended]:
        views = {view.guid: view for view in connections}
        query = (
            select(Connection, Integration)
            .join(Integration, col(Integration.id) == Connection.integration_id)
            .where(col(Connection.guid).in_(views))
            .order_by(col(Connection.id))
        )
        ended: list[Ended] = []
        for row, integration in session.exec(query.with_for_update(of=Connection)).all():
            view = views[row.guid]
            vendor = self._end_at_vendor(session, row, integration, view.user_guid)
            session.delete(row)
            ended.append(Ended(view, vendor))
            facts = {"integration": integration.guid, "connection": row.guid, "role": row.role_key, "why": why}
            self._trail.record(
                session, actor, "disconnect_oauth_integration", user=view.user_guid, vendor=vendor, **facts
            )
        return ended

    def _end_at_vendor(self, session: Session, row: Connection, integration: Integration, user_guid: str) -> str:
        """Put down what the provider is to be told; returns what becomes of the tokens there, see `Ended`."""
        tokens = self._opened(row)
        if tokens is None:
            return "unreadable"
        if tokens.access is None and tokens.refresh is None:
            return "nothing"
        # Only the endpoint that issued a token may see it again (decision 3 of security.md 0.1).
        if integration.fingerprint != row.fingerprint:
            return "changed"
        try:
            config = self._integrations.client_config(integration, row.role_key)
        except (SealBroken, ApiError):
            return "unreadable"
        whose = Whose(integration.guid, row.guid, user_guid)
        return "told" if self._revoker.put(session, config, tokens, whose) else "no_endpoint"

    def _opened(self, row: Connection) -> Tokens | None:
        try:
            return Tokens(self._seals.access(row), self._seals.refresh(row))
        except SealBroken:
            return None

    def _integration_ending(self, session: Session, integration: Integration, old: ClientConfig) -> Callable[[], None]:
        """In the transaction that re-points or deletes an integration: end its connections, revoke at the old place."""
        query = (
            select(Connection, User.guid)
            .join(User, col(User.id) == Connection.user_id)
            .where(Connection.integration_id == integration.id)
        )
        for row, user_guid in session.exec(query.with_for_update(of=Connection)).all():
            tokens = self._opened(row)
            if tokens is not None:
                self._revoker.put(session, old, tokens, Whose(integration.guid, row.guid, user_guid))
            finish(row, "changed", self._clock())
            session.add(row)

        def afterwards() -> None:
            self._standings.forget_all()
            self._revoker.wake()

        return afterwards


def _guid_of(session: Session, integration_id: int) -> str | None:
    row = session.get(Integration, integration_id)
    return None if row is None else row.guid


def _views(
    session: Session, user_id: int | None, integration_id: int | None, role: str | None, guid: str | None = None
) -> Views:
    query = (
        select(Connection, Integration, User)
        .join(Integration, col(Integration.id) == Connection.integration_id)
        .join(User, col(User.id) == Connection.user_id)
        .order_by(col(Connection.id))
    )
    if user_id is not None:
        query = query.where(Connection.user_id == user_id)
    if integration_id is not None:
        query = query.where(Connection.integration_id == integration_id)
    if role is not None:
        query = query.where(Connection.role_key == role)
    if guid is not None:
        query = query.where(Connection.guid == guid)
    return [_view(*row) for row in session.exec(query).all()]


def _views_of(session: Session, guids: Sequence[str]) -> Views:
    query = (
        select(Connection, Integration, User)
        .join(Integration, col(Integration.id) == Connection.integration_id)
        .join(User, col(User.id) == Connection.user_id)
        .where(col(Connection.guid).in_(guids))
        .order_by(col(Connection.id))
    )
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
        role=row.role_key,
        status=row.status,
        reason=row.status_reason,
        account=row.account,
        subject=row.subject,
        scopes=tuple(row.scopes.split()),
        asked=None if row.asked_scopes is None else tuple(row.asked_scopes.split()),
        has_refresh_token=row.sealed_refresh is not None,
        access_expires_at=row.access_expires_at,
        created_time=row.created_time,
        updated_time=row.updated_time,
        refreshed_time=row.refreshed_time,
    )
