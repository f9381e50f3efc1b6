"""Lists of content: what a caller may see, filtered, sought and paged by the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, false, func, or_, true
from sqlmodel import Session, col, select

from server.content import reach
from server.content.seeking import Sought
from server.db.models import Content, ContentTag, Tag, Thumbnail, User
from server.web.caller import Caller

Sort = Literal["last_deployed_time", "created_time", "name", "title", "owner"]
Row = tuple[Content, User]
# Up to so many matches are taken as their ids; it is far more than a page, and far less than statements can carry.
FEW = 1000
# Titles and names go from A on, times from the newest, unless the caller says otherwise.
_SORTS: dict[Sort, tuple[Any, bool]] = {
    "last_deployed_time": (col(Content.last_deployed_time), True),
    "created_time": (col(Content.created_time), True),
    "name": (col(Content.name), False),
    "title": (func.lower(func.coalesce(Content.title, Content.name)), False),
    "owner": (col(User.username_key), False),
}


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """What a caller finds in lists: what may be opened, and everything for administrators.

    An app's own key speaks for this one item, whatever else its owner may see.
    """
    if caller.via == "content":
        return col(Content.guid) == caller.content_guid
    if caller.has("administrator"):
        return true()
    return or_(
        col(Content.owner_id) == caller.user_id,
        col(Content.access_type).in_(("all", "logged_in")),
        col(Content.id).in_(reach.listed(caller.guid)),
    )


def usable_by(caller: Caller) -> ColumnElement[bool]:
    """What the caller, who may see it, can open or change (as server.access.policy)."""
    if caller.has("administrator"):
        return true()
    mine = [col(Content.bundle_id).is_not(None), col(Content.owner_id) == caller.user_id]
    if caller.has("publisher"):
        mine.append(col(Content.id).in_(reach.listed(caller.guid, role="owner")))
    return or_(*mine)


def listing(
    session: Session,
    caller: Caller,
    *,
    name: str | None = None,
    owner_guid: str | None = None,
    tag_ids: Sequence[int] | None = None,
) -> list[Row]:
    """Everything the caller may see with its owner, last deployed first. `name` is exact. One statement."""
    met = [visible_to(caller)]
    if name is not None:
        met.append(col(Content.name) == name)
    if owner_guid is not None:
        met.append(col(User.guid) == owner_guid)
    if tag_ids is not None:
        met.append(_carrying(col(Tag.id).in_(tag_ids)))
    query = select(Content, User).join(User, col(User.id) == Content.owner_id).where(*met)
    return list(session.exec(query.order_by(col(Content.last_deployed_time).desc(), col(Content.id).desc())).all())


def search(
    session: Session,
    caller: Caller,
    sought: Sought,
    *,
    sort: Sort = "last_deployed_time",
    descending: bool | None = None,
    usable: bool = False,
    skip: int = 0,
    size: int,
) -> tuple[list[Row], int]:
    """A page of what the caller may see and `sought` describes, and how many there are. At most six statements.

    With `usable`, only what the caller can open or change: for most people that leaves out what has no version yet.
    Text is sought row by row. So that this is done once and not for the number and for the page each, what is rare
    is noted first; what is frequent fills a page early, read in the order of an index.
    """
    described = meeting(session, sought, caller)
    met = and_(visible_to(caller), *described, *([usable_by(caller)] if usable else []))
    total: int | None = None
    if described:
        few = session.exec(select(Content.id).where(met).limit(FEW + 1)).all()
        if len(few) <= FEW:
            met, total = col(Content.id).in_(few), len(few)
    if total is None:
        total = session.exec(select(func.count()).select_from(Content).where(met)).one()
    if total <= skip:
        return [], total
    by, usual = _SORTS[sort]
    down = usual if descending is None else descending
    order = (by.desc(), col(Content.id).desc()) if down else (by.asc(), col(Content.id).asc())
    ids = select(Content.id).where(met).order_by(*order).offset(skip).limit(size)
    if sort == "owner":
        ids = ids.join(User, col(User.id) == Content.owner_id)
    return rows_of(session, session.exec(ids).all()), total


def rows_of(session: Session, ids: Sequence[int | None]) -> list[Row]:
    """Records with their owners, in the order of `ids`. One statement."""
    query = select(Content, User).join(User, col(User.id) == Content.owner_id).where(col(Content.id).in_(ids))
    found = {content.id: (content, owner) for content, owner in session.exec(query).all()}
    return [found[number] for number in ids if number in found]


def meeting(session: Session, sought: Sought, caller: Caller) -> list[ColumnElement[bool]]:
    """The conditions of a search. Two statements where it has words."""
    met = _words(session, sought.words) if sought.words else []
    if sought.owners:
        met.append(or_(*(_owned(name, caller) for name in sought.owners)))
    if sought.kinds:
        kinds = [*sought.kinds, *(f"python-{kind}" for kind in sought.kinds)]
        met.append(or_(col(Content.app_mode).in_(kinds), col(Content.content_category).in_(sought.kinds)))
    if sought.tags:
        met.append(_carrying(func.lower(Tag.name).in_(sought.tags)))
    if sought.published is not None:
        met.append(col(Content.bundle_id).is_not(None) == sought.published)
    if sought.locked is not None:
        met.append(col(Content.locked) == sought.locked)
    return met


def _words(session: Session, words: Sequence[str]) -> list[ColumnElement[bool]]:
    """Each word is found in name, title, description and kind, in the owner's names or in the names of tags.

    Whom and which tags a word names is asked first: most words name none, and then each item's text is all there is
    to look at.
    """
    owners = _named(session, col(User.id), [_of_person(word) for word in words])
    labels = _named(session, col(Tag.id), [col(Tag.name).icontains(word, autoescape=True) for word in words])
    met = []
    for number, word in enumerate(words):
        places: list[ColumnElement[bool]] = [col(Content.search_text).contains(word, autoescape=True)]
        if owners[number] is not None:
            places.append(col(Content.owner_id).in_(owners[number]))
        if labels[number] is not None:
            places.append(_carrying(col(Tag.id).in_(labels[number])))
        met.append(or_(*places))
    return met


def _of_person(word: str) -> ColumnElement[bool]:
    return or_(
        col(User.username_key).contains(word, autoescape=True),
        col(User.first_key).contains(word, autoescape=True),
        col(User.last_key).contains(word, autoescape=True),
    )


def _named(session: Session, key: Any, conditions: Sequence[ColumnElement[bool]]) -> list[Any]:
    """For each condition the keys it holds for: None where it holds for none, a query where they are many."""
    rows = session.execute(select(key, *conditions).where(or_(*conditions)).limit(FEW + 1)).all()
    if len(rows) > FEW:
        return [select(key).where(condition) for condition in conditions]
    found = [[row[0] for row in rows if row[1 + number]] for number in range(len(conditions))]
    return [keys or None for keys in found]


def _owned(name: str, caller: Caller) -> ColumnElement[bool]:
    if name == "@me":
        return col(Content.owner_id) == caller.user_id if caller.signed_in else false()
    return col(Content.owner_id).in_(select(User.id).where(User.username_key == name))


def _carrying(tags: ColumnElement[bool]) -> ColumnElement[bool]:
    """Content that carries a tag for which `tags` holds. Asked once a statement, not once a row."""
    meant = select(Tag.id).where(tags)
    return col(Content.id).in_(select(ContentTag.content_id).where(col(ContentTag.tag_id).in_(meant)))


def pictures(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Which of these content items have a picture, and the names of its bytes. One statement."""
    query = select(Thumbnail.content_id, Thumbnail.file).where(col(Thumbnail.content_id).in_(ids))
    return {number: file.partition(".")[0] for number, file in session.exec(query).all()}
