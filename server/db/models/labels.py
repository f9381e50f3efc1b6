"""What describes content: tags in a tree, paths of its own, pictures, and people's bookmarks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.db.clock import UtcDateTime, now

ROOT = text("parent_id IS NULL")


class Tag(SQLModel, table=True):
    """One tag; without a parent it is a category, which content cannot carry (connect-api.md 2.10)."""

    __tablename__ = "tags"
    __table_args__ = (
        UniqueConstraint("parent_id", "name"),
        # A unique constraint does not compare nulls, and categories have no parent.
        Index("ix_tags_category", "name", unique=True, sqlite_where=ROOT, postgresql_where=ROOT),
    )

    id: int | None = Field(default=None, primary_key=True)
    parent_id: int | None = Field(default=None, foreign_key="tags.id", ondelete="CASCADE")
    name: str
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ContentTag(SQLModel, table=True):
    """This content carries that tag."""

    __tablename__ = "content_tags"

    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", primary_key=True)
    tag_id: int = Field(foreign_key="tags.id", ondelete="CASCADE", primary_key=True, index=True)


class Vanity(SQLModel, table=True):
    """A path of its own for a content item, such as `/finance/`; `path_key` is the same in lower case."""

    __tablename__ = "vanities"

    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", primary_key=True)
    path: str
    path_key: str = Field(unique=True)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Thumbnail(SQLModel, table=True):
    """The picture of a content item; `file` is its name below the data directory's `thumbnails`."""

    __tablename__ = "thumbnails"

    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", primary_key=True)
    file: str = Field(unique=True)
    media_type: str
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Bookmark(SQLModel, table=True):
    """A person's mark on a content item, to find it again."""

    __tablename__ = "bookmarks"

    user_id: int = Field(foreign_key="users.id", ondelete="CASCADE", primary_key=True)
    content_id: int = Field(foreign_key="content.id", ondelete="CASCADE", primary_key=True, index=True)
    created_time: datetime = Field(default_factory=now, sa_type=UtcDateTime)
