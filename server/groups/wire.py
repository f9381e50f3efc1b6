"""Groups as the API shows them and takes them (connect-api.md 2.10)."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from server.groups.store import LONGEST_NAME, NAME_PATTERN, GroupView
from server.web.described import Guid
from server.web.paging import OrderedQuery, Prefix

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=NAME_PATTERN)]
GUID_PATTERN = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


class GroupObject(TypedDict):
    """A group. `owner_guid` is null where its owner's account is gone: then administrators alone change it."""

    guid: str
    name: str
    owner_guid: str | None
    member_count: int


class NewGroup(TypedDict):
    """What makes a group. `unique_id` belongs to directories elsewhere, which this server has none of."""

    name: Name
    unique_id: NotRequired[None]


class GroupChange(TypedDict, total=False):
    """What may change of a group: its name, its owner."""

    name: Name
    owner_guid: Guid


class NewMember(TypedDict):
    """Who is to be added."""

    user_guid: Guid


class GroupQuery(OrderedQuery, total=False):
    """Which groups: those whose name begins with `prefix`, whatever the case."""

    prefix: Prefix


class MemberQuery(OrderedQuery, total=False):
    """In which order: as they were added, unless `sort` says otherwise."""

    sort: Literal["first_name", "user_role", "active_time"]


def group_object(group: GroupView) -> GroupObject:
    """One group."""
    return {
        "guid": group.guid,
        "name": group.name,
        "owner_guid": group.owner_guid,
        "member_count": group.members,
    }
