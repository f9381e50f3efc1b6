"""All content by GUID, in memory, true by invalidation: every write to a content item tells `forget`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

from sqlmodel import Session, col, select

from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Content, Permission, User
from server.web.remembered import Remembered

# Databases limit how many values one statement may carry.
MOST_PARAMETERS = 10_000


def load_view(session: Session, guid: str) -> ContentView | None:
    """Read one view from the database."""
    query = select(Content, User).join(User, col(User.id) == Content.owner_id).where(Content.guid == guid)
    found = session.exec(query).first()
    return None if found is None else views_of(session, [found])[0]


def views_of(session: Session, rows: Sequence[tuple[Content, User]]) -> list[ContentView]:
    """The views of records with their owners, with one more query however many they are."""
    entries: dict[str, dict[int, dict[str, str]]] = {"user": {}, "group": {}}
    ids = [content.id for content, _owner in rows]
    for start in range(0, len(ids), MOST_PARAMETERS):
        part = ids[start : start + MOST_PARAMETERS]
        for entry in session.exec(select(Permission).where(col(Permission.content_id).in_(part))).all():
            entries[entry.principal_type].setdefault(entry.content_id, {})[entry.principal_guid] = entry.role
    people, groups = entries["user"], entries["group"]
    return [_view(c, owner, people.get(c.id or 0, {}), groups.get(c.id or 0, {})) for c, owner in rows]


def _view(content: Content, owner: User, people: dict[str, str], groups: dict[str, str]) -> ContentView:
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
        groups=MappingProxyType(groups),
    )


class Directory:
    """Finds content; a warm look-up touches no database."""

    def __init__(self, db: Database) -> None:
        self._views: Remembered[str, ContentView | None] = Remembered(
            lambda guid: db.read(load_view, guid),
            worth=lambda view: view is not None,
            changes=db.changes,
            tables=("content", "permissions", "users", "groups"),
        )
        self._on_change: list[Callable[[str], object]] = []

    def when_changed(self, notice: Callable[[str], object]) -> None:
        """Call `notice(guid)` after every change of a content item."""
        self._on_change.append(notice)

    @property
    def epoch(self) -> int:
        """Grows whenever what is remembered of some content ceases to be true."""
        return self._views.epoch

    async def by_guid(self, guid: str) -> ContentView | None:
        """The view of a content item, or None where there is none."""
        return await self._views.get(guid)

    def forget(self, guid: str) -> None:
        """The content, its owner, its access list or its active version changed."""
        self._views.forget(guid)
        for notice in self._on_change:
            notice(guid)

    def forget_all(self) -> None:
        """Something changed that concerns many, such as a person's name."""
        self._views.forget_all()
