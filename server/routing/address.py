"""Step 1 of a visit: the raw request target → content, version and the path below it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from server.web.routes import LARGEST_ID

CONTENT = re.compile(
    rb"/content/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?:/_bundle([0-9]{1,15}))?(/.*)?"
)


@dataclass(frozen=True)
class Address:
    """What a target below /content/ names.

    `inside` is the raw path below the base path, "" without a slash; `below` is the target an app that knows no
    base path gets: the same bytes with the query, and "/" where there is no path.
    """

    content_guid: str
    bundle_id: int | None
    inside: str
    query: str
    below: bytes

    @property
    def base_path(self) -> str:
        """The public path of the content or draft, without a trailing slash."""
        draft = "" if self.bundle_id is None else f"/_bundle{self.bundle_id}"
        return f"/content/{self.content_guid}{draft}"


def find(target: bytes) -> Address | None:
    """The address of a raw origin-form target, or None when it names no content."""
    path, _, query = target.partition(b"?")
    match = CONTENT.fullmatch(path)
    if match is None:
        return None
    guid, bundle, inside = match.groups()
    if bundle and int(bundle) > LARGEST_ID:
        return None
    below = target[match.end() if inside is None else match.start(3) :]
    return Address(
        content_guid=guid.decode(),
        bundle_id=int(bundle) if bundle else None,
        inside=(inside or b"").decode("latin-1"),
        query=query.decode("latin-1"),
        below=below if inside else b"/" + below,
    )
