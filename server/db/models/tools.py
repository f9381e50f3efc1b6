"""Tools that people signed in: registered clients, their sign-ins, and what is on its way to becoming one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class ToolClient(SQLModel, table=True):
    """A program that registered itself (RFC 7591). Its name is what it says of itself."""

    __tablename__ = "tool_clients"

    id: int | None = Field(default=None, primary_key=True)
    client_id: str = Field(unique=True)
    client_name: str
    redirect_uris: list[str] = Field(sa_type=JSON)
    grant_types: list[str] = Field(sa_type=JSON)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    last_used_time: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ToolSignIn(SQLModel, table=True):
    """One person's consent to one client, until `expires_at`; each refresh moves that.

    `family` is the SHA-256 of the part that all refresh tokens of the sign-in share, `refresh_hash` that of the
    newest one: a token of the family that is not the newest was used before (RFC 9700 section 4.14.2).
    """

    __tablename__ = "tool_sign_ins"

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    client_row: int = Field(foreign_key="tool_clients.id", ondelete="CASCADE", index=True)
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    family: str = Field(unique=True)
    refresh_hash: str
    address: str = ""
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    last_used_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ToolToken(SQLModel, table=True):
    """An access token of a sign-in, stored as SHA-256."""

    __tablename__ = "tool_tokens"

    token_hash: str = Field(primary_key=True)
    sign_in_id: int = Field(foreign_key="tool_sign_ins.id", ondelete="CASCADE", index=True)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class ToolCode(SQLModel, table=True):
    """An authorization code, stored as SHA-256. Once shown it is `used`, and `sign_in_id` is what it gave."""

    __tablename__ = "tool_codes"

    code_hash: str = Field(primary_key=True)
    client_row: int = Field(foreign_key="tool_clients.id", ondelete="CASCADE", index=True)
    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    redirect_uri: str
    code_challenge: str
    used: bool = False
    sign_in_id: int | None = Field(default=None, foreign_key="tool_sign_ins.id", ondelete="CASCADE", index=True)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ToolDevice(SQLModel, table=True):
    """A device authorization under way (RFC 8628): both codes as SHA-256, and what the person decided."""

    __tablename__ = "tool_devices"

    device_hash: str = Field(primary_key=True)
    user_code_hash: str = Field(unique=True)
    client_row: int = Field(foreign_key="tool_clients.id", ondelete="CASCADE", index=True)
    interval: int
    address: str = ""
    polled_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decision: str = ""
    user_id: int | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE", index=True)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ClaimToken(SQLModel, table=True):
    """A tool's own RSA key that a person claims for herself (connect-api.md 1.8).

    `claim_hash` is the SHA-256 of what the claim address holds; it is taken away when somebody claims it.
    """

    __tablename__ = "claim_tokens"

    id: int | None = Field(default=None, primary_key=True)
    guid: str = Field(unique=True)
    token: str = Field(unique=True)
    public_key: bytes
    claim_hash: str | None = Field(default=None, unique=True)
    user_id: int | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE", index=True)
    name: str = ""
    address: str = ""
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    claimed_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
