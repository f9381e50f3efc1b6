"""A content item as the gateway sees it on every request: immutable, held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


def variant_key(content_guid: str) -> str:
    """The key of content's one variant on the wire: the same for ever, and short enough for an address."""
    return content_guid.partition("-")[0]


@dataclass(frozen=True)
class ContentView:
    """What steps 1 to 5 of a visit need. `people` and `groups` map GUID to `viewer` or `owner` (a collaborator)."""

    id: int
    guid: str
    name: str
    title: str
    owner_id: int
    owner_guid: str
    owner_name: str
    access_type: str
    app_mode: str
    bundle_id: int | None
    locked: bool
    locked_message: str
    people: Mapping[str, str]
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def path(self) -> str:
        """The public path without a trailing slash."""
        return f"/content/{self.guid}"
