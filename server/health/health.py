"""The health service: what is kept of integrations, put together with what they are now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from integrations.schema import SECOND_SECRET
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration, IntegrationHealth
from server.health import policy, store
from server.health.policy import Drift, SecretWarning, State
from server.health.recorder import Recorder
from server.health.store import Known
from server.keys.keyring import SealBroken
from server.oauth import store as integrations_store
from server.oauth.integrations import Integrations
from server.vault.outcomes import Outcomes
from server.web.errors import ApiError


@dataclass(frozen=True)
class Health:
    """One integration's. `contents` is how many content items use it."""

    guid: str
    state: State
    summary: str
    known: Known
    drift: Drift
    secret_ends: datetime | None
    second_stored: bool
    contents: int
    configured: datetime

    @property
    def accepted(self) -> Literal["first", "second"] | None:
        """Which of two client secrets the provider took last; None: that is unknown, or there is one."""
        row = self.row
        if row is None or row.used_second is None or row.used_second_time is None or not self.second_stored:
            return None
        if row.used_second_time < self.configured:
            return None
        return "second" if row.used_second else "first"

    @property
    def row(self) -> IntegrationHealth | None:
        """What happened last; None where nothing ever did."""
        return self.known.row


@dataclass(frozen=True)
class Trouble:
    """Something that an administrator should look at: a broken integration, or a secret that ends."""

    guid: str
    name: str
    broken: str
    """Why it is broken, as a sentence; empty where it is not."""
    warning: SecretWarning
    """About the client secret; empty where none is due."""
    days_left: int | None


class HealthRecords:
    """Puts together what its `recorder` wrote down; keeps nothing itself."""

    def __init__(
        self, db: Database, integrations: Integrations, outcomes: Outcomes, *, clock: Callable[[], datetime] = now
    ) -> None:
        self._db, self._integrations, self.clock = db, integrations, clock
        self.recorder = Recorder(db, clock=clock)
        outcomes.listen(self.recorder.note)

    async def one(self, guid: str) -> Health:
        """One integration's health. Raises ApiError 404."""
        row, known, contents = await self._db.read(self._read, guid)
        return self._judged(row, known, contents)

    def _read(self, session: Session, guid: str) -> tuple[Integration, Known, int]:
        row = integrations_store.by_guid(session, guid)
        assert row.id is not None
        known = store.known(session, self.clock(), row.id).get(row.id, Known())
        return row, known, integrations_store.counts(session).get(row.id, 0)

    async def all(self) -> dict[str, Health]:
        """Everyone's, by GUID."""
        rows, known, counts = await self._db.read(self._read_all)
        return {
            row.guid: self._judged(row, known.get(row.id or 0, Known()), counts.get(row.id or 0, 0)) for row in rows
        }

    def _read_all(self, session: Session) -> tuple[list[Integration], dict[int, Known], dict[int, int]]:
        rows = integrations_store.everything(session)
        return rows, store.known(session, self.clock()), integrations_store.counts(session)

    async def troubles(self) -> tuple[Trouble, ...]:
        """What administrators should look at, in the order of the integrations' creation."""
        moment, found = self.clock(), []
        for row, health in await self._db.read(store.troubled):
            broken = policy.state(health, _configured(row)) == "broken"
            warning = policy.secret_warning(row.secret_expires_at, moment)
            if broken or warning:
                said = policy.summary(health, _configured(row)) if broken else ""
                left = policy.days_left(row.secret_expires_at, moment)
                found.append(Trouble(row.guid, row.name or row.template, said, warning, left))
        return tuple(found)

    def _judged(self, row: Integration, known: Known, contents: int) -> Health:
        return Health(
            guid=row.guid,
            state=policy.state(known.row, _configured(row)),
            summary=policy.summary(known.row, _configured(row)),
            known=known,
            drift=self._drift(row, known),
            secret_ends=row.secret_expires_at,
            second_stored=self._second(row),
            contents=contents,
            configured=_configured(row),
        )

    def _drift(self, row: Integration, known: Known) -> Drift:
        template = self._integrations.catalog.get(row.template)
        if template is None or row.auth_type != "Viewer":
            return Drift()
        client = template.client(row.config, {})
        return policy.drift(client.scopes, known.groups, compares=client.compares_scopes)

    def _second(self, row: Integration) -> bool:
        try:
            return SECOND_SECRET in self._integrations.stored_secrets(row)
        except (SealBroken, ApiError):
            return False


def _configured(row: Integration) -> datetime:
    """Since when the integration is what it is now, as far as its provider can tell."""
    return row.configured_time or row.created_time
