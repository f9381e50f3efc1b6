"""Which vendor role a viewer is in, where nobody pinned one: her choice for one content item, and her default."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlmodel import Session, col, select

from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration, RoleChoice
from server.oauth.store import AssociationView
from server.web.caller import Caller
from server.web.remembered import Remembered

# The content of a choice that counts wherever no other was made.
DEFAULT = ""

Chosen = Mapping[tuple[str, str], str]
"""A person's choices: integration GUID and content GUID (or DEFAULT) to role."""


def counting(chosen: Chosen, integration_guid: str, content_guid: str) -> str:
    """The role that counts for content where none is pinned."""
    return chosen.get((integration_guid, content_guid), chosen.get((integration_guid, DEFAULT), ""))


class Choices:
    """All choices, by person; asked on every visit and every exchange, so held in memory."""

    def __init__(self, db: Database, trail: Trail) -> None:
        self._db = db
        self._trail = trail
        self._known: Remembered[int, Chosen] = Remembered(
            self._load, changes=db.changes, tables=("role_choices", "integrations", "users")
        )
        self._on_change: list[Callable[[int], object]] = []

    def when_changed(self, notice: Callable[[int], object]) -> None:
        """Call `notice(user_id)` after a person's choices changed."""
        self._on_change.append(notice)

    async def _load(self, user_id: int) -> Chosen:
        return await self._db.read(_of_user, user_id)

    async def role_for(self, user_id: int, there: AssociationView, content_guid: str) -> str:
        """The role a viewer is in for this content: what the publisher pinned, else what she chose for it, else
        her default, else "" (the vendor's own default). Warm: no database.
        """
        if there.role or not there.takes_roles:
            return there.role
        return counting(await self._known.get(user_id), there.guid, content_guid)

    async def default(self, user_id: int, integration_guid: str) -> str | None:
        """The role she chose for wherever she made no other choice; None where she never did."""
        return (await self._known.get(user_id)).get((integration_guid, DEFAULT))

    async def of_user(self, user_id: int) -> Chosen:
        """Everything one person chose."""
        return await self._known.get(user_id)

    async def choose(
        self, caller: Caller, integration_id: int, content_guid: str, role: str, *, first: bool = False
    ) -> None:
        """Remember a person's choice for a content item, or with DEFAULT for all others.

        With `first` the choice also becomes her default where she has none.
        """
        await self._db.write(self._choose, caller, integration_id, content_guid, role, first)
        self.forget(caller.user_id)

    def forget(self, user_id: int) -> None:
        """A person's choices are not what they were."""
        self._known.forget(user_id)
        for notice in self._on_change:
            notice(user_id)

    def _choose(
        self, session: Session, caller: Caller, integration_id: int, content_guid: str, role: str, first: bool
    ) -> None:
        integration = session.get(Integration, integration_id)
        if integration is None:
            return
        before = session.get(RoleChoice, (caller.user_id, integration_id, content_guid))
        if before is None or before.role != role:
            self._trail.record(
                session,
                caller,
                "choose_oauth_role",
                integration=integration.guid,
                content=content_guid or None,
                before=None if before is None else before.role,
                role=role,
            )
        _put(session, before, caller.user_id, integration_id, content_guid, role)
        if first and content_guid != DEFAULT:
            there = session.get(RoleChoice, (caller.user_id, integration_id, DEFAULT))
            if there is None:
                _put(session, None, caller.user_id, integration_id, DEFAULT, role)


def _put(
    session: Session, row: RoleChoice | None, user_id: int, integration_id: int, content_guid: str, role: str
) -> None:
    row = row or RoleChoice(user_id=user_id, integration_id=integration_id, content_guid=content_guid, role=role)
    row.role, row.updated_time = role, now()
    session.add(row)


def _of_user(session: Session, user_id: int) -> Chosen:
    query = (
        select(Integration.guid, RoleChoice.content_guid, RoleChoice.role)
        .join(Integration, col(Integration.id) == RoleChoice.integration_id)
        .where(RoleChoice.user_id == user_id)
    )
    return {(integration, content): role for integration, content, role in session.exec(query).all()}
