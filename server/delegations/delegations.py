"""The delegations service: lists what people allowed, lets administrators allow ahead, and ends both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from integrations.contract import ClientConfig
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration, PreAuthorization, User
from server.delegations import store
from server.delegations.policy import VENDOR_WORDS, always_asks
from server.delegations.store import Authorization, Extent, Wanted
from server.keys.keyring import SealBroken
from server.oauth import roles
from server.oauth.integrations import Integrations
from server.vault.connections import Connections
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.paging import Paging

NO_SUCH_USER, NO_SUCH_INTEGRATION, NOT_AHEAD = 261, 207, 230
# So many are ended in one transaction; others get their turn between.
BATCH = 200


@dataclass(frozen=True)
class Revoked:
    """One authorization that was ended. `vendor` is a word of `policy.VENDOR_WORDS`."""

    authorization: Authorization
    vendor: str

    @property
    def message(self) -> str:
        """What becomes of it at the vendor."""
        return VENDOR_WORDS[self.vendor]


class Delegations:
    """Who may call what is decided by the callers: administrators, or a person about her own."""

    def __init__(
        self,
        db: Database,
        integrations: Integrations,
        connections: Connections,
        trail: Trail,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._db, self._integrations, self._connections = db, integrations, connections
        self._trail, self._clock = trail, clock

    async def listed(self, wanted: Wanted, paging: Paging) -> tuple[list[Authorization], int]:
        """One page, oldest first, and how many there are in all."""
        return await self._db.read(store.listed, wanted, paging)

    async def extent(self, wanted: Wanted) -> Extent:
        """What `revoke` would end."""
        return await self._db.read(store.extent, wanted)

    async def preauthorize(
        self, actor: Caller | None, user_guid: str, integration_guid: str, role: str = ""
    ) -> Authorization:
        """Skip the explanation for this person; once is as good as twice.

        Raises ApiError 400: 261 nobody, 207 no such integration or role, 230 an integration that always asks.
        """
        return await self._db.write(self._preauthorize, actor, user_guid, integration_guid, role)

    def _preauthorize(
        self, session: Session, actor: Caller | None, user_guid: str, integration_guid: str, role: str
    ) -> Authorization:
        user = session.exec(select(User).where(User.guid == user_guid)).first()
        if user is None:
            raise ApiError(400, NO_SUCH_USER, "user_guid names nobody.")
        integration = session.exec(select(Integration).where(Integration.guid == integration_guid)).first()
        if integration is None:
            raise ApiError(400, NO_SUCH_INTEGRATION, "integration_guid names no integration.")
        refusal = self.always_asks(integration)
        if refusal is not None:
            raise ApiError(400, NOT_AHEAD, refusal)
        wrong = roles.problem(self._integrations.catalog.get(integration.template), role)
        if wrong is not None:
            raise ApiError(400, NO_SUCH_INTEGRATION, wrong)
        assert user.id is not None
        assert integration.id is not None
        by = actor.username if actor is not None and actor.signed_in else "the server's operator"
        row, new = store.add(session, user.id, integration.id, role, by)
        if new:
            facts = {"user": user.guid, "integration": integration.guid, "role": role}
            self._trail.record(session, actor, "preauthorize_oauth_integration", **facts)
        return _authorization(row, user, integration)

    def always_asks(self, integration: Integration) -> str | None:
        """Why people are always asked at this integration, as a sentence; None where they need not be."""
        return always_asks(integration, self._client(integration))

    def _client(self, integration: Integration) -> ClientConfig | None:
        try:
            return self._integrations.client_config(integration)
        except (SealBroken, ApiError):
            return None

    async def revoke(self, actor: Caller | None, wanted: Wanted, why: str = "revoked") -> list[Revoked]:
        """End everything that `wanted` names: exchanges stop at once, vendors are told in the background.

        Raises ApiError 400 where it names nobody and nothing.
        """
        if wanted.nothing:
            raise ApiError(400, 25, "Say whose or which: send at least one of user, integration and role.")
        found: list[Revoked] = []
        # First what lets new connections be made unasked, then the connections.
        ahead = await self._db.read(store.guids, wanted, "pre-authorized")
        for start in range(0, len(ahead), BATCH):
            found += await self._db.write(self._drop, actor, ahead[start : start + BATCH])
        own = await self._db.read(store.guids, wanted, "connection")
        for start in range(0, len(own), BATCH):
            found += await self._end(actor, own[start : start + BATCH], why)
        return found

    def _drop(self, session: Session, actor: Caller | None, guids: Sequence[str]) -> list[Revoked]:
        query = (
            select(PreAuthorization, User, Integration)
            .join(User, col(User.id) == PreAuthorization.user_id)
            .join(Integration, col(Integration.id) == PreAuthorization.integration_id)
            .where(col(PreAuthorization.guid).in_(guids))
            .order_by(col(PreAuthorization.id))
        )
        rows = [_authorization(*row) for row in session.exec(query).all()]
        store.drop(session, [row.guid for row in rows])
        for row in rows:
            facts = {"user": row.user_guid, "integration": row.integration_guid, "role": row.role}
            self._trail.record(session, actor, "end_oauth_preauthorization", **facts)
        return [Revoked(row, "nothing") for row in rows]

    async def _end(self, actor: Caller | None, guids: Sequence[str], why: str) -> list[Revoked]:
        views = await self._connections.by_guids(guids)
        return [
            Revoked(
                Authorization(
                    guid=ended.connection.guid,
                    kind="connection",
                    created=ended.connection.created_time,
                    user_guid=ended.connection.user_guid,
                    user_name=ended.connection.user_name,
                    role=ended.connection.role,
                    integration_guid=ended.connection.integration_guid,
                    integration_name=ended.connection.integration_name,
                    template=ended.connection.template,
                    status="revoked",
                    by="",
                ),
                ended.vendor,
            )
            for ended in await self._connections.revoke(actor, views, why)
        ]

    async def may_skip(self, caller: Caller, integration: Integration, role: str, *, renewing: bool) -> bool:
        """Whether the explanation is skipped this time; asking uses the chance up (never twice in a row: O-38).

        `renewing`: there is a connection already, which has to be made anew.
        """
        if integration.id is None or self.always_asks(integration) is not None:
            return False
        user_id, number = caller.user_id, integration.id
        return await self._db.write(
            lambda session: store.claim(session, user_id, number, role, renewing=renewing, moment=self._clock())
        )

    async def connected(self, caller: Caller, integration_id: int, role: str) -> None:
        """A consent came to its good end."""
        await self._db.write(store.connected, caller.user_id, integration_id, role, self._clock())


def _authorization(row: PreAuthorization, user: User, integration: Integration) -> Authorization:
    return Authorization(
        guid=row.guid,
        kind="pre-authorized",
        created=row.created_time,
        user_guid=user.guid,
        user_name=user.username,
        role=row.role_key,
        integration_guid=integration.guid,
        integration_name=integration.name or integration.template,
        template=integration.template,
        status="active",
        by=row.created_by,
    )
