"""The audit trail: what happened, by whom, about whose access to what; never with a secret in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class AuditEvent(SQLModel, table=True):
    """One event; rows are only ever added, and triggers in the database refuse to change or delete them.

    `subject` is the GUID of the person whose access or account it concerns, which need not be the actor. `content`,
    `integration` and `connection` are GUIDs, `bundle` a number, `address` the client's, `request_id` the name of the
    request that caused it. `seq` and `mac` link it to the event before (docs/decisions/0025); only what was written
    before there were links, or without a key, has none.
    """

    __tablename__ = "audit_events"
    # Each as the lists are paged: newest first, by time and id.
    __table_args__ = (
        Index("ix_audit_events_time_id", "time", "id"),
        Index("ix_audit_events_actor_guid_time_id", "actor_guid", "time", "id"),
        Index("ix_audit_events_action_time_id", "action", "time", "id"),
        Index("ix_audit_events_subject_time_id", "subject", "time", "id"),
        Index("ix_audit_events_content_time_id", "content", "time", "id"),
        Index("ix_audit_events_integration_time_id", "integration", "time", "id"),
        Index("ix_audit_events_connection_time_id", "connection", "time", "id"),
        Index("ix_audit_events_seq", "seq", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    actor_guid: str | None = None
    actor: str = "system"
    action: str
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    subject: str | None = None
    content: str | None = None
    integration: str | None = None
    connection: str | None = None
    bundle: str | None = None
    address: str | None = None
    request_id: str | None = None
    seq: int | None = None
    mac: bytes | None = None


class AuditHead(SQLModel, table=True):
    """The newest link of the chain of events: one row. `seal` is made with the key, over `seq` and `mac`."""

    __tablename__ = "audit_head"

    id: int = Field(default=1, primary_key=True)
    seq: int
    mac: bytes
    seal: bytes
