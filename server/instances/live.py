"""One instance as the gateway holds it: its process, its link, and what a visit needs to know."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runners.contract import Handle
from runners.kinds.kind import Kind


class Link(Protocol):
    """The proxy's pool of connections to one instance."""

    @property
    def in_flight(self) -> int:
        """Exchanges under way."""

    async def aclose(self) -> None:
        """Drop every connection."""


@dataclass(frozen=True)
class Place:
    """What an instance serves: a content item's active version, or one of its versions as a draft."""

    content_guid: str
    bundle_id: int
    draft: bool = False

    @property
    def base_path(self) -> str:
        """The public path without a trailing slash."""
        path = f"/content/{self.content_guid}"
        return f"{path}/_bundle{self.bundle_id}" if self.draft else path


@dataclass
class Live:
    """A ready instance. `last_used` is a monotonic time."""

    key: str
    place: Place
    kind: Kind
    handle: Handle
    link: Link
    run_dir: Path
    last_used: float = field(default_factory=time.monotonic)
    retired: bool = False

    @property
    def tag(self) -> str:
        """The name under which its open sockets are tracked."""
        return f"instance:{self.key}"


@dataclass
class StartProblem(Exception):
    """An instance could not be started. `message` is for everybody, `detail` for those who may edit the content."""

    message: str
    detail: str = ""

    def __str__(self) -> str:
        return self.message
