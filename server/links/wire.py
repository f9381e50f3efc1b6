"""Share links on the wire; the secret is in the reply that makes one, and nowhere else."""

from __future__ import annotations

from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import ShareLink
from server.links.links import LONGEST_NAME
from server.web.described import Moment, text


class ShareLinkObject(TypedDict):
    """A link without its secret. `last_used_time` is null until somebody followed it."""

    guid: str
    content_guid: str
    name: str
    created_by_guid: str
    created_time: str
    expires_time: str
    last_used_time: str | None


class MadeShareLink(ShareLinkObject):
    """A new link; `url` is told this once."""

    url: str


class NewShareLink(TypedDict):
    """What it is called, and when it ends: in 30 days unless said, in a year at the latest."""

    name: NotRequired[Annotated[str, text(LONGEST_NAME)] | None]
    expires_time: NotRequired[Moment | None]


def share_link_object(row: ShareLink, content_guid: str) -> ShareLinkObject:
    """One link."""
    return {
        "guid": row.guid,
        "content_guid": content_guid,
        "name": row.name,
        "created_by_guid": row.created_by,
        "created_time": wire(row.created_time) or "",
        "expires_time": wire(row.expires_at) or "",
        "last_used_time": wire(row.last_used_time),
    }


def made_share_link(row: ShareLink, content_guid: str, url: str) -> MadeShareLink:
    """A new link, with the address to hand on."""
    return {**share_link_object(row, content_guid), "url": url}
