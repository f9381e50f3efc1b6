"""What lists and settings pages show of content, read in a constant number of statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from server.content import lists, reach, store
from server.content.seeking import Sought, sought
from server.db.models import Association, Bundle, Content, Instance, Integration, User
from server.web.caller import Caller

# Integrations of these types act in the name of whoever looks.
PERSONAL = ("Viewer", "Visitor API Key")
BUILD = "python_restore"


@dataclass(frozen=True)
class Item:
    """One content item in a list. `listed` is what its access list makes of the caller: `viewer`, `owner` or empty.

    `failed`: the newest run of the version that serves did not end well. `picture` names the bytes of its picture.
    """

    guid: str
    title: str
    owner_name: str
    owner_guid: str
    app_mode: str
    access_type: str
    bundle_id: int | None
    deployed: datetime | None
    as_you: bool
    failed: bool
    listed: str
    picture: str = ""

    def editable_by(self, caller: Caller) -> bool:
        """As server.access.policy.may_edit decides it, from what this item holds."""
        hers = self.owner_guid == caller.guid or self.listed == "owner"
        return caller.has("administrator") or (hers and caller.has("publisher"))

    def open_to(self, caller: Caller) -> bool:
        """As server.access.policy.may_view decides it for somebody who is signed in."""
        return self.owner_guid == caller.guid or bool(self.listed) or self.access_type != "acl"


@dataclass(frozen=True)
class Found:
    """The first items that a search finds, how many it finds, and how many there are without it."""

    items: tuple[Item, ...]
    matching: int
    total: int


@dataclass(frozen=True)
class Details:
    """What the settings page of one item shows beside its view."""

    title: str
    description: str
    created: datetime
    deployed: datetime | None
    python_version: str
    bundle_id: int | None
    bundle_size: int
    variables: tuple[str, ...]


def name_of(user: User) -> str:
    """What to call a person on a screen."""
    return f"{user.first_name} {user.last_name}".strip() or user.username


def failed(run: Instance) -> bool:
    """Whether a run or build ended by a failure; one that was stopped, by us or by a restart, did not fail."""
    if run.end_time is None or run.error is None:
        return False
    return run.exit_code not in (None, 0) or run.error.startswith("did not start: Start")


def found(session: Session, caller: Caller, text: str, most: int) -> Found:
    """What the caller can open or change and a search finds, last deployed first; `most` items of it."""
    met = sought(text)
    rows, matching = lists.search(session, caller, met, usable=True, size=most)
    total = matching if met == Sought() else lists.search(session, caller, Sought(), usable=True, size=1)[1]
    return Found(_items(session, caller, rows), matching, total)


def _items(session: Session, caller: Caller, rows: list[lists.Row]) -> tuple[Item, ...]:
    """The rows as they are listed, with four more statements."""
    ids = [content.id or 0 for content, _owner in rows]
    listed = reach.roles(session, caller.guid)
    personal = _personal(session, ids)
    troubled = {run.content_id for run in _newest_runs(session, ids) if failed(run)}
    pictures = lists.pictures(session, ids)
    return tuple(
        Item(
            guid=content.guid,
            title=content.title or content.name,
            owner_name=name_of(owner),
            owner_guid=owner.guid,
            app_mode=content.app_mode,
            access_type=content.access_type,
            bundle_id=content.bundle_id,
            deployed=content.last_deployed_time if content.bundle_id is not None else None,
            as_you=content.id in personal,
            failed=content.id in troubled,
            listed=listed.get(content.id or 0, ""),
            picture=pictures.get(content.id or 0, ""),
        )
        for content, owner in rows
    )


def _personal(session: Session, ids: list[int]) -> set[int]:
    query = (
        select(Association.content_id)
        .join(Integration, col(Integration.id) == Association.integration_id)
        .where(col(Integration.auth_type).in_(PERSONAL), col(Association.content_id).in_(ids))
        .distinct()
    )
    return set(session.exec(query).all())


def _newest_runs(session: Session, ids: list[int]) -> list[Instance]:
    """The newest run of each item's version that serves; drafts and builds are not among them."""
    newest = (
        select(func.max(Instance.id))
        .join(Content, col(Content.id) == Instance.content_id)
        .where(col(Instance.content_id).in_(ids), Instance.bundle_id == Content.bundle_id, Instance.tag != BUILD)
        .group_by(col(Instance.content_id))
    )
    return list(session.exec(select(Instance).where(col(Instance.id).in_(newest))).all())


def details(session: Session, guid: str) -> Details:
    """What the settings page shows. Raises ApiError 404."""
    content = store.by_guid(session, guid)
    assert content.id is not None
    bundle = session.get(Bundle, content.bundle_id) if content.bundle_id is not None else None
    return Details(
        title=content.title or "",
        description=content.description,
        created=content.created_time,
        deployed=content.last_deployed_time if content.bundle_id is not None else None,
        python_version=content.py_version or "",
        bundle_id=content.bundle_id,
        bundle_size=bundle.size if bundle is not None else 0,
        variables=tuple(store.variable_names(session, content.id)),
    )


def acts_as_viewer(session: Session, content_id: int) -> str | None:
    """The name of one associated integration that acts for whoever looks, or None where there is none."""
    query = (
        select(Integration)
        .join(Association, col(Association.integration_id) == Integration.id)
        .where(Association.content_id == content_id, col(Integration.auth_type).in_(PERSONAL))
        .order_by(col(Integration.id))
    )
    row = session.exec(query.limit(1)).first()
    return None if row is None else row.name or row.template
