"""What administrators see of delegated authorizations: who lets which integration act for her, and ending it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from server.pages.views import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRow:
    """One connection, or one consent that was given ahead (`by` whom)."""

    kind: Literal["connection", "pre-authorized"]
    created: datetime
    user_name: str
    user_guid: str
    role: str
    integration_guid: str
    integration_name: str
    vendor: str
    good: bool
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One integration to choose; `refusal` says why nothing can be given ahead there."""

    guid: str
    name: str
    takes_roles: bool = False
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What was searched for. `role` None is any; "" the default one."""

    person: str = ""
    integration: str = ""
    role: str | None = None

    @property
    def anything(self) -> bool:
        """Whether it narrows the list."""
        return bool(self.person or self.integration or self.role is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizations:
    """`authorizations.html` at `/authorizations`. Problem keys: `username`, `ahead_integration`, `ahead_role`."""

    page: Page
    rows: tuple[AuthorizationRow, ...]
    total: int
    integrations: tuple[Choice, ...]
    filter: Filter = Filter()
    query: str = ""
    """The filter as a query string, for links."""
    number: int = 1
    more: bool = False
    typed_username: str = ""
    typed_integration: str = ""
    typed_role: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAuthorizations:
    """`authorizations_revoke.html` at GET `/authorizations/revoke?…`: the consequence in numbers, and the button."""

    page: Page
    filter: Filter
    whose: str
    """What is ended, in words: "all connections of ben at Warehouse"."""
    connections: int
    pre_authorizations: int
    people: int
    integrations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedRow:
    """One that was ended; `message` says what becomes of it at the vendor."""

    user_name: str
    integration_name: str
    role: str
    kind: str
    told: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedAuthorizations:
    """`authorizations_revoked.html`: the answer to the button, row by row; `hidden` more are not listed."""

    page: Page
    rows: tuple[RevokedRow, ...]
    total: int
    not_told: int
