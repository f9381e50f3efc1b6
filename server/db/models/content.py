"""Content, its versions, variables, people and running instances."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint, event
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class Content(SQLModel, table=True):
    """A published item. `tuning` holds the process and resource settings a publisher has set (others are default).

    `search_text` is what a search reads: name, title, kind and description in one, without case.
    """

    __tablename__ = "content"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    name: str = Field(index=True)
    owner_id: int = Field(foreign_key="users.id", index=True)
    title: str | None = None
    description: str = ""
    access_type: str = "acl"
    locked: bool = False
    locked_message: str = ""
    tuning: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    bundle_id: int | None = None
    app_mode: str = "unknown"
    content_category: str = ""
    py_version: str | None = None
    py_management: bool | None = None
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    last_deployed_time: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    search_text: str = Field(default="", sa_column_kwargs={"server_default": ""})


def searchable(text: str) -> str:
    """The form in which words are sought and found: without case."""
    return text.casefold()


@event.listens_for(Content, "before_insert")
@event.listens_for(Content, "before_update")
def _keep_search_text(_mapper: Any, _connection: Any, row: Content) -> None:
    """Whoever changes a record changes what a search finds it by, and need not know."""
    row.search_text = searchable(f"{row.name} {row.title or ''} {row.app_mode} {row.description}")


class Bundle(SQLModel, table=True):
    """One uploaded version. `environment_key` is set once its environment has been built."""

    __tablename__ = "bundles"

    id: int | None = Field(default=None, primary_key=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", index=True)
    created_by: str | None = None
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    size: int = Field(default=0, sa_type=BigInteger)
    sha256: str = ""
    app_mode: str = "unknown"
    entrypoint: str = ""
    py_version: str | None = None
    environment_key: str | None = None
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class EnvironmentVariable(SQLModel, table=True):
    """A variable the publisher gives an app; the value is sealed."""

    __tablename__ = "environment_variables"

    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", primary_key=True)
    name: str = Field(primary_key=True)
    sealed: bytes


class Permission(SQLModel, table=True):
    """One entry of a content's access list; role `owner` is a collaborator (connect-api.md 2.9)."""

    __tablename__ = "permissions"
    __table_args__ = (UniqueConstraint("content_id", "principal_type", "principal_guid"),)

    id: int | None = Field(default=None, primary_key=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", index=True)
    principal_guid: str = Field(index=True)
    principal_type: str = "user"
    role: str = "viewer"


class Instance(SQLModel, table=True):
    """One running (or ended) process of a bundle: a job on the wire (connect-api.md 2.7).

    `owner` is the gateway that runs it (server.db.owner).
    """

    __tablename__ = "instances"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", index=True)
    bundle_id: int | None = None
    tag: str = "unknown"
    owner: str | None = None
    pid: int | None = None
    start_ticks: int | None = Field(default=None, sa_type=BigInteger)
    port: int | None = None
    start_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    end_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    exit_code: int | None = None
    error: str | None = None
