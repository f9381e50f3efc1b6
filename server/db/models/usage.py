"""Who looked at what and when: page visits, and live connections to apps."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class Hit(SQLModel, table=True):
    """One page visit. `path` is below the content's address and has no query; `live` says that it opened
    an app whose use is told by its live connections (server.usage.policy).
    """

    __tablename__ = "hits"
    __table_args__ = (
        Index("ix_hits_time_id", "time", "id"),
        Index("ix_hits_live_time_id", "live", "time", "id"),
        Index("ix_hits_content_id_time_id", "content_id", "time", "id", "live"),
    )

    id: int | None = Field(default=None, primary_key=True)
    time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE")
    user_id: int | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL", index=True)
    bundle_id: int | None = None
    path: str = ""
    user_agent: str = ""
    live: bool = False


class LiveUse(SQLModel, table=True):
    """One live connection of a viewer to a Shiny app, from its opening to its end.

    `owner` is the gateway that holds it (server.db.owner).
    """

    __tablename__ = "live_uses"
    __table_args__ = (
        Index("ix_live_uses_started_id", "started", "id"),
        Index("ix_live_uses_content_id_started_id", "content_id", "started", "id"),
    )

    id: str = Field(primary_key=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE")
    user_id: int | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL", index=True)
    started: datetime = Field(sa_type=UtcDateTime)
    owner: str | None = None
    ended: datetime | None = Field(default=None, sa_type=UtcDateTime)
