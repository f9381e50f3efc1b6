"""Which events somebody looks for, as a condition on the table; the same for lists, pages and exports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_
from sqlmodel import col

from server.db.models import AuditEvent


@dataclass(frozen=True)
class Filters:
    """Empty fields ask for nothing. `user` acted or is whom it concerns; all others must be so, too."""

    user: str | None = None
    content: str | None = None
    integration: str | None = None
    connection: str | None = None
    action: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def narrow(self, query: Any) -> Any:
        """The query, of the events that are looked for."""
        for name in ("content", "integration", "connection", "action", "request_id"):
            wanted = getattr(self, name)
            if wanted is not None:
                query = query.where(getattr(AuditEvent, name) == wanted)
        if self.user is not None:
            query = query.where(or_(col(AuditEvent.actor_guid) == self.user, col(AuditEvent.subject) == self.user))
        if self.since is not None:
            query = query.where(col(AuditEvent.time) >= self.since)
        if self.until is not None:
            query = query.where(col(AuditEvent.time) < self.until)
        return query

    @property
    def facts(self) -> dict[str, str]:
        """What is looked for, for the audit trail."""
        said = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value if isinstance(value, str) else value.isoformat() for name, value in said.items() if value}


EVERYTHING = Filters()
