"""Content records as one caller is shown them, with what `include` adds, in a constant number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlmodel import Session, select
from starlette.requests import Request

from server.access.policy import may_edit, standing
from server.content import bookmarks, store
from server.content.directory import views_of
from server.content.lists import Row
from server.content.wire import content_object, owner_object
from server.db.clock import now
from server.db.models import User
from server.publishing.wire import INCLUDES, ContentObject
from server.renderings import schedules
from server.renderings.wire import schedule_object
from server.tags import store as tags
from server.tags.wire import tag_object
from server.vanity import store as vanities
from server.web.caller import Caller
from server.web.errors import ApiError

INVALID_INCLUDE = 161
Include = frozenset[str]
NOTHING: Include = frozenset()


def include_of(request: Request) -> Include:
    """What a request asks to be told of each item. Raises ApiError 400, code 161."""
    asked = request.query_params.get("include", "")
    wanted = frozenset(asked.split(",")) if asked else NOTHING
    if not wanted <= INCLUDES:
        raise ApiError(400, INVALID_INCLUDE, f"include may list {', '.join(sorted(INCLUDES))}.")
    return wanted


class Records:
    """Makes content objects for callers. `origin` is the server's public address."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def one(self, session: Session, guid: str, caller: Caller, include: Include = NOTHING) -> ContentObject:
        """One record. Raises ApiError 404."""
        content = store.by_guid(session, guid)
        owner = session.exec(select(User).where(User.id == content.owner_id)).one()
        return self.many(session, [(content, owner)], caller, include)[0]

    def many(
        self, session: Session, rows: Sequence[Row], caller: Caller, include: Include = NOTHING
    ) -> list[ContentObject]:
        """Records in the order of `rows`. Keys of `include` are absent where content has nothing of theirs."""
        ids = [content.id or 0 for content, _owner in rows]
        carried = tags.of_many(session, ids) if "tags" in include else {}
        paths = vanities.of_many(session, ids) if "vanity_url" in include else {}
        planned = schedules.of_many(session, ids) if "schedule" in include else {}
        marked = bookmarks.among(session, caller.user_id, ids) if "bookmarked" in include else set()
        found: list[ContentObject] = []
        for (content, owner), view in zip(rows, views_of(session, rows), strict=True):
            # Versions are told to publishers, whatever they are to this content.
            full = caller.has("publisher")
            record = content_object(content, owner, origin=self.origin, app_role=standing(caller, view), full=full)
            shown = cast(ContentObject, record)
            if "owner" in include:
                shown["owner"] = owner_object(owner)
            if view.id in carried:
                shown["tags"] = [tag_object(tag) for tag in carried[view.id]]
            if view.id in paths:
                shown["vanity_url"] = self.origin + paths[view.id]
            if view.id in planned and may_edit(caller, view):
                shown["schedules"] = [schedule_object(planned[view.id], now())]
            if "bookmarked" in include:
                shown["bookmarked"] = view.id in marked
            found.append(shown)
        return found
