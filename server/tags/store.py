"""Queries over tags and over which content carries them; each call issues a constant number of statements."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CTE, insert, literal
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, select

from server.db.clock import now
from server.db.models import ContentTag, Tag
from server.web.errors import ApiError, not_found

CATEGORY = 79
DUPLICATE = 81
NO_SUCH_PARENT = 157
NO_SUCH_TAG = 158
# Databases limit how many values one statement may carry.
MOST_PARAMETERS = 10_000


def _below(tag_id: int) -> CTE:
    """The ids of a tag and of everything below it. UNION, so that even a circle would come to an end."""
    tree = columns(col(Tag.id).label("id")).where(col(Tag.id) == tag_id).cte("below", recursive=True)
    return tree.union(columns(col(Tag.id)).join(tree, col(Tag.parent_id) == tree.c.id))


def _above(tag_id: int) -> CTE:
    """The ids of a tag and of its ancestors, each with its parent's."""
    tree = columns(col(Tag.id), col(Tag.parent_id)).where(col(Tag.id) == tag_id).cte("above", recursive=True)
    return tree.union(columns(col(Tag.id), col(Tag.parent_id)).join(tree, col(Tag.id) == tree.c.parent_id))


def subtree(session: Session, tag_id: int) -> list[int]:
    """A tag's id and those of everything below it."""
    return list(session.scalars(columns(_below(tag_id).c.id)).all())


def listing(session: Session, *, name: str | None = None, parent_id: int | None = None) -> list[Tag]:
    """Tags in the order they were made; `name` is exact, `parent_id` means right below it."""
    query = select(Tag).order_by(col(Tag.id))
    if name is not None:
        query = query.where(Tag.name == name)
    if parent_id is not None:
        query = query.where(Tag.parent_id == parent_id)
    return list(session.exec(query).all())


def one(session: Session, tag_id: int) -> Tag:
    """One tag. Raises ApiError 404."""
    tag = session.get(Tag, tag_id)
    if tag is None:
        raise not_found("tag")
    return tag


def by_path(session: Session, names: Sequence[str]) -> Tag:
    """The tag that a walk from a category down finds. Raises ApiError 404."""
    rows = session.exec(select(Tag).where(col(Tag.name).in_(set(names[:64])))).all()
    there = {(row.parent_id, row.name): row for row in rows}
    found: Tag | None = None
    for name in names:
        found = there.get((None if found is None else found.id, name))
        if found is None:
            raise not_found("tag")
    if found is None:
        raise not_found("tag")
    return found


def _check_place(session: Session, parent_id: int | None, name: str, but: int | None = None) -> None:
    """Raises ApiError 400 code 157 for a parent that is not there, 409 code 81 for a name that is taken there."""
    if parent_id is not None and session.get(Tag, parent_id) is None:
        raise ApiError(400, NO_SUCH_PARENT, "parent_id names no tag.")
    query = select(Tag.id).where(Tag.name == name, Tag.id != but)
    query = query.where(col(Tag.parent_id).is_(None) if parent_id is None else Tag.parent_id == parent_id)
    if session.exec(query).first() is not None:
        raise ApiError(409, DUPLICATE, "There is a tag of this name under the same parent; choose another name.")


def add(session: Session, name: str, parent_id: int | None) -> Tag:
    """A new tag. Raises ApiError 400 code 157, 409 code 81."""
    _check_place(session, parent_id, name)
    moment = now()
    tag = Tag(name=name, parent_id=parent_id, created_time=moment, updated_time=moment)
    session.add(tag)
    session.flush()
    return tag


def change(session: Session, tag_id: int, name: str | None, *, move: bool, parent_id: int | None) -> Tag:
    """Rename a tag, and with `move` hang it below another or (None) make it a category.

    Content that carries it or something below it then carries its new ancestors too. Raises ApiError 404; 400
    code 157 for a parent that is not there or is below it; 409 code 81.
    """
    tag = one(session, tag_id)
    name, parent_id = name or tag.name, parent_id if move else tag.parent_id
    if parent_id is not None and parent_id != tag.parent_id and parent_id in subtree(session, tag_id):
        raise ApiError(400, NO_SUCH_PARENT, "A tag cannot be below itself; choose another parent_id.")
    _check_place(session, parent_id, name, tag_id)
    moved = parent_id != tag.parent_id
    if (name, parent_id) != (tag.name, tag.parent_id):
        tag.name, tag.parent_id, tag.updated_time = name, parent_id, now()
        session.add(tag)
        session.flush()
    if moved:
        _carry_up(session, tag_id)
    return tag


def _carry_up(session: Session, tag_id: int) -> None:
    """After a move: who carries a tag carries what is above it, and nobody carries a category."""
    category = columns(col(Tag.id)).where(col(Tag.id) == tag_id, col(Tag.parent_id).is_(None))
    session.exec(delete(ContentTag).where(col(ContentTag.tag_id).in_(category)))
    below, above = _below(tag_id), _above(tag_id)
    held = columns(col(ContentTag.content_id)).where(col(ContentTag.tag_id).in_(columns(below.c.id)))
    carrying = held.distinct().subquery()
    already = columns(literal(1)).where(
        col(ContentTag.content_id) == carrying.c.content_id, col(ContentTag.tag_id) == above.c.id
    )
    wanted = (
        columns(carrying.c.content_id, above.c.id)
        .join(above, literal(True))
        .where(above.c.parent_id.is_not(None), ~already.exists())
    )
    session.connection().execute(insert(ContentTag).from_select(["content_id", "tag_id"], wanted))


def remove(session: Session, tag_id: int) -> Tag:
    """Delete a tag with everything below it; content no longer carries them. Raises ApiError 404."""
    tag = one(session, tag_id)
    session.delete(tag)
    session.flush()
    return tag


def of_content(session: Session, content_id: int) -> list[Tag]:
    """The tags one content item carries, oldest first."""
    return of_many(session, [content_id]).get(content_id, [])


def of_many(session: Session, content_ids: Sequence[int]) -> dict[int, list[Tag]]:
    """The tags of content items that carry any, oldest first. One statement."""
    found: dict[int, list[Tag]] = {}
    for start in range(0, len(content_ids), MOST_PARAMETERS):
        part = content_ids[start : start + MOST_PARAMETERS]
        query = (
            select(ContentTag.content_id, Tag)
            .join(Tag, col(Tag.id) == ContentTag.tag_id)
            .where(col(ContentTag.content_id).in_(part))
            .order_by(col(Tag.id))
        )
        for content_id, tag in session.exec(query).all():
            found.setdefault(content_id, []).append(tag)
    return found


def put_on(session: Session, content_id: int, tag_id: int) -> None:
    """Let content carry a tag and its ancestors but the category; twice is once.

    Raises ApiError 400: code 158 for a tag that is not there, 79 for a category.
    """
    line = session.execute(columns(_above(tag_id))).all()
    if not line:
        raise ApiError(400, NO_SUCH_TAG, "tag_id names no tag.")
    wanted = {row.id for row in line if row.parent_id is not None}
    if tag_id not in wanted:
        raise ApiError(400, CATEGORY, "This tag is a category, which content cannot carry; choose one below it.")
    there = session.exec(select(ContentTag.tag_id).where(ContentTag.content_id == content_id)).all()
    session.add_all(ContentTag(content_id=content_id, tag_id=number) for number in sorted(wanted - set(there)))
    session.flush()


def take_off(session: Session, content_id: int, tag_id: int) -> None:
    """Content no longer carries a tag nor what is below it. Raises ApiError 404 for a tag that is not there."""
    below = subtree(session, tag_id)
    if not below:
        raise not_found("tag")
    session.exec(delete(ContentTag).where(col(ContentTag.content_id) == content_id, col(ContentTag.tag_id).in_(below)))
