"""A path of content's own on the wire (connect-api.md 2.2)."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import Vanity
from server.vanity.paths import LONGEST


class VanityObject(TypedDict):
    """A path and whose it is; exactly these keys, since posit-sdk takes no `ctx` beside them (0.4)."""

    path: str
    content_guid: str
    created_time: str


class NewVanity(TypedDict):
    """The path that content shall have; `force` takes it from other content."""

    path: Annotated[str, Field(max_length=LONGEST, pattern=r"^/*[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*/*$")]
    force: NotRequired[bool | None]


def vanity_object(row: Vanity, content_guid: str) -> VanityObject:
    """One path."""
    return {"path": row.path, "content_guid": content_guid, "created_time": wire(row.created_time) or ""}
