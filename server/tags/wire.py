"""Tags on the wire (connect-api.md 2.10): ids are texts, a category's parent is null."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import Tag
from server.web import described

LONGEST_NAME = 255
# Clients send ids as texts; a number does no harm.
TagId = Annotated[str, Field(pattern=r"^[0-9]{1,15}$")] | Annotated[int, Field(ge=0, lt=10**15)]
Name = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"),
]


class TagObject(TypedDict):
    """A tag."""

    id: str
    name: str
    parent_id: str | None
    created_time: str
    updated_time: str


class NewTag(TypedDict):
    """A tag to be made; without a parent it is a category."""

    name: Name
    parent_id: NotRequired[TagId | None]


class TagChange(TypedDict, total=False):
    """What changes of a tag; a parent of null makes it a category."""

    name: Name
    parent_id: TagId | None


class TagQuery(TypedDict, total=False):
    """Which tags are listed: those of exactly this name, those right below this parent."""

    name: str
    parent_id: Annotated[str, Field(pattern=r"^[0-9]{1,15}$")]


class TagPath(TypedDict):
    """Which tag: its id, or the names from its category down with commas between them."""

    id: described.Name


class TagOfContent(TypedDict):
    """Which tag content shall carry."""

    tag_id: TagId


def tag_object(tag: Tag) -> TagObject:
    """One tag."""
    return {
        "id": str(tag.id),
        "name": tag.name,
        "parent_id": None if tag.parent_id is None else str(tag.parent_id),
        "created_time": wire(tag.created_time) or "",
        "updated_time": wire(tag.updated_time) or "",
    }
