"""External OAuth: the keys that this server signs tokens with, and which roles those tokens may carry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now


class SigningKey(SQLModel, table=True):
    """An RSA key of one integration's issuer. The private half is sealed; `kid` is its RFC 7638 thumbprint.

    `state` is `next` (published, not used yet), `active` (signs) or `old` (published until `keep_until`, when the
    last token signed with it has expired).
    """

    __tablename__ = "signing_keys"

    id: int | None = Field(default=None, primary_key=True)
    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", index=True)
    kid: str = Field(unique=True)
    state: str
    bits: int
    public_pem: str
    sealed_private: bytes
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    used_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    keep_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RoleMapping(SQLModel, table=True):
    """Which roles one person, one group or everybody else may carry at an integration that mints tokens.

    `kind` is `user`, `group` or `default`. `roles` None leaves the roles to the other entries: such an entry only
    says by which `login` the warehouse knows a person.
    """

    __tablename__ = "role_mappings"

    id: int | None = Field(default=None, primary_key=True)
    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", index=True)
    position: int
    kind: str
    user_id: int | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE", index=True)
    group_id: int | None = Field(default=None, foreign_key="groups.id", ondelete="CASCADE", index=True)
    roles: list[str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    login: str = ""
