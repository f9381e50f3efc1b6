"""The audit trail: what happened, by whom, never with a secret in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class AuditEvent(SQLModel, table=True):
    """One event; rows are only ever added."""

    __tablename__ = "audit_events"

    id: int | None = Field(default=None, primary_key=True)
    time: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    actor_guid: str | None = Field(default=None, index=True)
    actor: str = "system"
    action: str = Field(index=True)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
