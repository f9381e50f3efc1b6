"""Content lent and handed on: share links, and connections that owners lend to those who look."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class ShareLink(SQLModel, table=True):
    """A secret address that opens one content item until it expires; only the secret's digest is kept."""

    __tablename__ = "share_links"

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    secret_hash: str = Field(unique=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", index=True)
    name: str = ""
    created_by: str
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    last_used_time: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Loan(SQLModel, table=True):
    """An owner's connection, in one role, lent to viewers or schedules of one content item until a moment.

    It counts only while the lender owns the content: a new owner is asked anew, and gets nobody's tokens.
    """

    __tablename__ = "loans"
    __table_args__ = (UniqueConstraint("content_id", "integration_id"),)

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", index=True)
    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", index=True)
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    role_key: str = ""
    to_viewers: bool = True
    to_schedules: bool = False
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
