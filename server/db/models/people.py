"""People, the groups they are in, their API keys and their browser sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class User(SQLModel, table=True):
    """A person with an account. `username_key` is the NFKC-casefolded name, unique (security.md S-16).

    `first_key` and `last_key` are her names folded in the same way, for lists. `unique_id` is what a directory
    elsewhere calls her; `must_set_password` asks her for a password of her own when she signs in next. `email_own`: she
    typed her address herself, so it says nothing of who she is.
    """

    __tablename__ = "users"

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    username: str
    username_key: str = Field(unique=True)
    email: str = ""
    email_own: bool = False
    first_name: str = ""
    last_name: str = ""
    first_key: str = Field(default="", index=True)
    last_key: str = Field(default="", index=True)
    unique_id: str | None = Field(default=None, index=True, unique=True)
    role: str = Field(default="viewer", index=True)
    password_hash: str | None = None
    must_set_password: bool = False
    confirmed: bool = True
    locked: bool = False
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    active_time: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Group(SQLModel, table=True):
    """People who are let in together. `name_key` is the folded name, unique; without an owner, administrators' own."""

    __tablename__ = "groups"

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    name: str
    name_key: str = Field(unique=True)
    owner_id: int | None = Field(default=None, foreign_key="users.id", ondelete="SET NULL", index=True)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Membership(SQLModel, table=True):
    """This person is in that group; `id` grows in the order of joining."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("group_id", "user_id"),)

    id: int | None = Field(default=None, primary_key=True)
    group_id: int = Field(foreign_key="groups.id", ondelete="CASCADE", index=True)
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)


class ApiKey(SQLModel, table=True):
    """An API key, stored as SHA-256. With `content_guid` it is a running instance's own key."""

    __tablename__ = "api_keys"

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    name: str
    key_hash: str = Field(unique=True)
    hint: str = ""
    role: str | None = None
    content_guid: str | None = Field(default=None, index=True)
    instance_key: str | None = Field(default=None, index=True)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    last_used_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class VisitorKey(SQLModel, table=True):
    """A short-lived key with which one app acts for one viewer. `credential` names the sign-in it ends with.

    The value is not kept: it is derived from `nonce` and the server's key, and looked up by its SHA-256.
    """

    __tablename__ = "visitor_keys"

    id: int | None = Field(default=None, primary_key=True)
    nonce: str
    key_hash: str = Field(unique=True)
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", index=True)
    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", index=True)
    credential: str = Field(index=True)
    role: str
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class BrowserSession(SQLModel, table=True):
    """A signed-in browser. The cookie's value is stored only as SHA-256; `guid` names the session elsewhere."""

    __tablename__ = "browser_sessions"

    token_hash: str = Field(primary_key=True)
    guid: str = Field(unique=True)
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    seen_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    address: str = ""
    user_agent: str = ""
