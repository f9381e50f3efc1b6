"""Groups, and the people in one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.views.content import PersonChoice
from server.pages.views import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One group in the list; `mine` when the looking person may change it."""

    guid: str
    name: str
    owner: str
    members: int
    mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """`groups.html` at `/groups`; `query` is how names begin. Problem key: `name`."""

    page: Page
    rows: tuple[GroupRow, ...]
    total: int
    """How many match."""
    number: int = 1
    """Which page this is, from 1."""
    more: bool = False
    query: str = ""
    may_add: bool = False
    typed_name: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One person in a group."""

    guid: str
    name: str
    username: str
    locked: bool = False
    me: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`group.html` at `/groups/{guid}`: one page of its people. Problem keys: `username`, `name`."""

    page: Page
    group: GroupRow
    members: tuple[MemberRow, ...]
    number: int = 1
    more: bool = False
    candidates: tuple[PersonChoice, ...] = ()
    typed_username: str = ""
    typed_name: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
