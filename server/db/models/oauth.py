"""Integrations, their associations with content, viewers' connections and pending consent flows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class Integration(SQLModel, table=True):
    """A configured OAuth client. Secrets are one sealed JSON object; `config` holds none.

    `config_version` grows whenever `fingerprint` changes and is never reused (security.md 7.4). `own_callback`: the
    provider sends people back to an address of this integration alone (O-08). `one_account`: whoever connected with
    one account of the vendor cannot change to another by consenting again (O-37). `secret_expires_at` is when the
    client secret ends, as an administrator noted it; `configured_time` when the config or a secret changed last.
    """

    __tablename__ = "integrations"

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    template: str
    name: str | None = None
    description: str | None = None
    auth_type: str
    config: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    sealed_secrets: bytes
    fingerprint: str
    config_version: int = 1
    permissions: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    own_callback: bool = False
    one_account: bool = False
    secret_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    configured_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Association(SQLModel, table=True):
    """This content may use that integration, in this role; an empty one leaves the choice to each viewer."""

    __tablename__ = "associations"

    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", primary_key=True)
    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", primary_key=True, index=True)
    role: str = ""
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class RoleChoice(SQLModel, table=True):
    """The vendor role a viewer chose for one content item, or with an empty `content_guid` for all others."""

    __tablename__ = "role_choices"

    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", primary_key=True)
    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", primary_key=True, index=True)
    content_guid: str = Field(primary_key=True, index=True)
    role: str
    updated_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Connection(SQLModel, table=True):
    """One viewer's sealed tokens at one integration, for one role (`role_key`, empty for the default).

    `version` grows with each write of tokens and is part of what they are sealed with (`seal_form` 2; 1 is how
    rows were sealed before); `fence`, `lease_*` and `attempt_*` belong to the refresh lease (security.md 7.1).
    `fingerprint` and `config_version` are those the tokens were issued under. `subject` is the vendor's own id of
    the account, `scopes` what was granted, `asked_scopes` what was asked for (NULL: before this was noted),
    `extras` what apps need besides the token, such as Salesforce's `instance_url`.
    """

    __tablename__ = "connections"
    __table_args__ = (UniqueConstraint("user_id", "integration_id", "role_key"),)

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", index=True)
    role_key: str = ""
    fingerprint: str
    config_version: int = 1
    status: str = "connected"
    status_reason: str = ""
    sealed_access: bytes | None = None
    sealed_refresh: bytes | None = None
    access_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    access_lifetime: float | None = None
    token_type: str = "Bearer"  # noqa: S105
    scopes: str = ""
    asked_scopes: str | None = None
    account: str | None = None
    subject: str | None = None
    extras: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    version: int = 1
    seal_form: int = 2
    fence: int = 0
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempt_hash: str | None = None
    attempt_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts_lost: int = 0
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    refreshed_time: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Flow(SQLModel, table=True):
    """A consent that has been started: one-time, bound to browser, person, session and configuration (O-01).

    `role` is the one asked for; `redirect_uri` is where the provider was told to answer, the only address at which
    its answer counts (O-08).
    """

    __tablename__ = "flows"

    state_hash: str = Field(primary_key=True)
    browser_hash: str = Field(index=True)
    session_guid: str
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE")
    config_version: int
    role: str = ""
    redirect_uri: str = ""
    sealed_verifier: bytes
    return_path: str
    content_guid: str | None = None
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class Revocation(SQLModel, table=True):
    """A token that a provider is to be told to end, until it has been (O-33).

    `sealed` holds the token and the client to say it with, as it was; the integration may be gone. A row is tried
    when `next_time` has come; who tries puts that off first, so that two gateways never try the same one.
    """

    __tablename__ = "revocations"

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    integration_guid: str
    connection_guid: str
    user_guid: str = ""
    sealed: bytes
    attempts: int = 0
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    next_time: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
