"""Consents that administrators gave in advance (seed 003)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class PreAuthorization(SQLModel, table=True):
    """This person need not be asked before she is sent to sign in at that integration's vendor, for that role.

    `created_by` names the administrator as she was called then. `skipped_time` is when the explanation was skipped
    last, `connected_time` when a connection came of it: after a skip that led to none, the person is asked.
    """

    __tablename__ = "pre_authorizations"
    __table_args__ = (UniqueConstraint("user_id", "integration_id", "role_key"),)

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", index=True)
    role_key: str = ""
    created_by: str
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    skipped_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    connected_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
