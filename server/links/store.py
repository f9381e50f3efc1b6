"""Queries over share links. Every function takes the session of one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from server.db.models import Content, ShareLink
from server.web.errors import not_found


@dataclass(frozen=True)
class Opened:
    """A link as a visit sees it."""

    guid: str
    content_guid: str
    expires_at: datetime


def by_secret(session: Session, secret_hash: str) -> Opened | None:
    """The link that a secret opens, expired or not."""
    query = (
        select(ShareLink.guid, Content.guid, ShareLink.expires_at)
        .join(Content, col(Content.id) == ShareLink.content_id)
        .where(ShareLink.secret_hash == secret_hash)
    )
    found = session.exec(query).first()
    return None if found is None else Opened(*found)


def of_content(session: Session, content_id: int) -> list[ShareLink]:
    """The links of a content item, oldest first, expired ones too."""
    query = select(ShareLink).where(ShareLink.content_id == content_id).order_by(col(ShareLink.id))
    return list(session.exec(query).all())


def is_shared(session: Session, content_id: int, moment: datetime) -> bool:
    """Whether a link opens the content at this moment."""
    query = select(ShareLink.id).where(ShareLink.content_id == content_id, col(ShareLink.expires_at) > moment)
    return session.exec(query.limit(1)).first() is not None


def one(session: Session, content_id: int, guid: str) -> ShareLink:
    """One link of a content item. Raises ApiError 404."""
    row = session.exec(select(ShareLink).where(ShareLink.content_id == content_id, ShareLink.guid == guid)).first()
    if row is None:
        raise not_found("share link")
    return row


def used(session: Session, guid: str, moment: datetime) -> None:
    """Note that a link was followed."""
    row = session.exec(select(ShareLink).where(ShareLink.guid == guid)).first()
    if row is not None:
        row.last_used_time = moment
        session.add(row)
