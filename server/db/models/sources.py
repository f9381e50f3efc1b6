"""Where versions come from and what they are made of: packages, git repositories, execution environments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class Package(SQLModel, table=True):
    """One package of the version that serves; rows are replaced when another version does."""

    __tablename__ = "packages"
    # Lists over all content come in this order, so a page is read from the index.
    __table_args__ = (Index("ix_packages_order", "language", "name", "content_id"),)

    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", primary_key=True)
    language: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: str
    language_version: str
    bundle_id: int


class Repository(SQLModel, table=True):
    """The git repository a content item is deployed from. `checked_time` is when it was last looked at."""

    __tablename__ = "repositories"

    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", primary_key=True)
    repository: str
    branch: str = "main"
    directory: str = "."
    polling: bool = False
    last_error: str | None = None
    last_known_commit: str | None = None
    checked_time: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ExecutionEnvironment(SQLModel, table=True):
    """An image that content could run in (connect-api.md 2.12). `installations` maps a language to its list."""

    __tablename__ = "execution_environments"

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    name: str = Field(unique=True)
    cluster_name: str
    title: str | None = None
    description: str | None = None
    matching: str = "any"
    supervisor: str | None = None
    installations: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    volume_mounts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class EnvironmentPermission(SQLModel, table=True):
    """Somebody who may use an execution environment: a person or a group."""

    __tablename__ = "environment_permissions"
    __table_args__ = (UniqueConstraint("environment_id", "user_guid", "group_guid"),)

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    environment_id: int = Field(foreign_key="execution_environments.id", ondelete="CASCADE", index=True)
    user_guid: str | None = None
    group_guid: str | None = None
