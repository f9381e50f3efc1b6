"""What an app is told of who is looking, and the names under which the visit is tracked; made once and remembered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from server.content.view import ContentView
from server.gateway.presence import draft_tag, visit_tag
from server.instances.live import Live
from server.proxy.contract import Header
from server.sessions.handles import Handles
from server.web.caller import Caller

HANDLE_HEADER = b"posit-connect-user-session-token"
MOST_REMEMBERED = 20_000
# Of 8 KiB, which is what the strictest framework reads of one field.
MOST_GROUP_BYTES = 7_500


@dataclass(frozen=True, slots=True)
class Introduction:
    """The headers an instance gets for one caller, and the tags of their exchanges (see proxy.registry)."""

    caller: Caller
    view: ContentView
    headers: tuple[Header, ...]
    tags: frozenset[str]


class Introductions:
    """Introductions by credential and instance. A changed caller or content is another value, so never a stale one."""

    def __init__(self, handles: Handles) -> None:
        self._handles = handles
        self._made: dict[tuple[str, str], Introduction] = {}

    def of(self, caller: Caller, view: ContentView, live: Live) -> Introduction:
        """The introduction of `caller` to the instance `live` of `view`."""
        name = (caller.credential, live.key)
        made = self._made.get(name)
        if made is None or made.caller is not caller or made.view is not view:
            if len(self._made) >= MOST_REMEMBERED:
                self._made.clear()
            headers = self._headers(caller, view, live)
            made = self._made[name] = Introduction(caller, view, headers, _tags(caller, view, live))
        return made

    def _headers(self, caller: Caller, view: ContentView, live: Live) -> tuple[Header, ...]:
        """Who is looking. No handle for anonymous viewers, on public content (X-10), or for apps by their own key."""
        if not caller.signed_in:
            return ()
        name = caller.username if caller.username.isascii() else quote(caller.username)
        groups = told(caller.group_names)
        credentials = json.dumps({"user": caller.username, "groups": groups}).encode()
        headers: list[Header] = [
            (b"x-app-user", name.encode()),
            (b"x-app-email", quote(caller.email, safe="@+").encode()),
            (b"rstudio-connect-credentials", credentials),
        ]
        if live.kind.traits.credentials_header is not None:
            headers.append((live.kind.traits.credentials_header.lower().encode(), credentials))
        if groups:
            headers.append((b"x-app-groups", ",".join(quote(group, safe=" ") for group in groups).encode()))
        if view.access_type != "all" and caller.via != "content":
            headers.append((HANDLE_HEADER, self._handles.viewer(caller, view.guid).encode()))
        return tuple(headers)


def told(names: tuple[str, ...]) -> list[str]:
    """The groups an app is told of: as many, in their order, as fit a header field that every framework takes."""
    found, left = [], MOST_GROUP_BYTES
    for name in names:
        left -= max(len(json.dumps(name)) + 2, len(quote(name, safe=" ")) + 1)
        if left < 0:
            break
        found.append(name)
    return found


def _tags(caller: Caller, view: ContentView, live: Live) -> frozenset[str]:
    tags = {f"content:{view.guid}", live.tag, visit_tag(view.guid, caller)}
    if live.place.draft:
        tags.add(draft_tag(view.guid, caller))
    if caller.signed_in:
        tags |= {f"viewer:{caller.guid}", caller.credential}
    elif caller.via == "link":
        tags.add(caller.credential)
    return frozenset(tags)
