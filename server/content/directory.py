"""All content by GUID, in memory, true by invalidation: every write to a content item tells `forget`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import MappingProxyType

from sqlmodel import Session, col, select

from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Content, Permission, User

MOST_CACHED = 20_000
# Databases limit how many values one statement may carry.
MOST_PARAMETERS = 10_000


def load_view(session: Session, guid: str) -> ContentView | None:
    """Read one view from the database."""
    query = select(Content, User).join(User, col(User.id) == Content.owner_id).where(Content.guid == guid)
    found = session.exec(query).first()
    return None if found is None else views_of(session, [found])[0]


def views_of(session: Session, rows: Sequence[tuple[Content, User]]) -> list[ContentView]:
    """The views of records with their owners, with one more query however many they are."""
    people: dict[int, dict[str, str]] = {}
    ids = [content.id for content, _owner in rows]
    for start in range(0, len(ids), MOST_PARAMETERS):
        part = ids[start : start + MOST_PARAMETERS]
        for entry in session.exec(select(Permission).where(col(Permission.content_id).in_(part))).all():
            if entry.principal_type == "user":
                people.setdefault(entry.content_id, {})[entry.principal_guid] = entry.role
    return [_view(content, owner, people.get(content.id or 0, {})) for content, owner in rows]


def _view(content: Content, owner: User, people: dict[str, str]) -> ContentView:
    assert content.id is not None
    assert owner.id is not None
    return ContentView(
        id=content.id,
        guid=content.guid,
        name=content.name,
        title=content.title or content.name,
        owner_id=owner.id,
        owner_guid=owner.guid,
        owner_name=f"{owner.first_name} {owner.last_name}".strip() or owner.username,
        access_type=content.access_type,
        app_mode=content.app_mode,
        bundle_id=content.bundle_id,
        locked=content.locked,
        locked_message=content.locked_message,
        people=MappingProxyType(people),
    )


class Directory:
    """Finds content; a warm look-up touches no database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._views: OrderedDict[str, ContentView] = OrderedDict()
        self._epoch = 0
        self._on_change: list[Callable[[str], object]] = []

    def when_changed(self, notice: Callable[[str], object]) -> None:
        """Call `notice(guid)` after every change of a content item."""
        self._on_change.append(notice)

    def warm(self, guid: str) -> ContentView | None:
        """The view, if it is in memory."""
        return self._views.get(guid)

    async def by_guid(self, guid: str) -> ContentView | None:
        """The view of a content item, or None where there is none."""
        view = self._views.get(guid)
        if view is not None:
            return view
        epoch = self._epoch
        view = await self._db.read(load_view, guid)
        # A change that ran while we were reading must not be undone by a stale row.
        if view is not None and epoch == self._epoch:
            self._views[guid] = view
            while len(self._views) > MOST_CACHED:
                self._views.popitem(last=False)
        return view

    def forget(self, guid: str) -> None:
        """The content, its owner, its access list or its active version changed."""
        self._epoch += 1
        self._views.pop(guid, None)
        for notice in self._on_change:
            notice(guid)

    def forget_all(self) -> None:
        """Something changed that concerns many, such as a person's name."""
        self._epoch += 1
        self._views.clear()
