"""How integrations fare at their providers: the newest of each, and counts by the hour."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime


class IntegrationHealth(SQLModel, table=True):
    """The newest success, error and clock of one integration; `failures` counts those since the last success.

    `refused`: the newest error was the provider refusing our client, which only an administrator can mend (O-26).
    """

    __tablename__ = "integration_health"

    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", primary_key=True)
    last_success: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error_kind: str = ""
    error_code: str = ""
    error_reason: str = ""
    refused: bool = False
    failures: int = 0
    skew: float | None = None
    skew_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_second: bool | None = None
    used_second_time: datetime | None = Field(default=None, sa_type=UtcDateTime)


class IntegrationHour(SQLModel, table=True):
    """How often one integration's grants went well in one hour; `ended` are consents that the provider had ended."""

    __tablename__ = "integration_hours"

    integration_id: int = Field(foreign_key="integrations.id", ondelete="CASCADE", primary_key=True)
    hour: datetime = Field(sa_type=UtcDateTime, primary_key=True, index=True)
    kind: str = Field(primary_key=True)
    ok: int = 0
    failed: int = 0
    ended: int = 0
