"""What was made of rendered content, and when it is to be made again."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class Rendering(SQLModel, table=True):
    """One rendering that succeeded. `folder` is its name below the bundle's; the newest of a bundle is what is shown.

    `primary` is the page at the content's address; `seconds` is how long it took.
    """

    __tablename__ = "renderings"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", index=True)
    bundle_id: int = Field(foreign_key="bundles.id", ondelete="CASCADE", index=True)
    job_key: str
    folder: str
    primary: str
    time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    seconds: float = 0.0


class Schedule(SQLModel, table=True):
    """When content is to be rendered. `rule` and `start_time` are the client's texts, verbatim."""

    __tablename__ = "schedules"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", unique=True)
    type: str
    rule: str
    start_time: str
    timezone: str
    email: bool = False
    activate: bool = False
    next_run: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
