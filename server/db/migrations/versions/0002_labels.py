"""Tags, paths of content's own, pictures and bookmarks; and what a search by name or text reads."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
ROOT = sa.text("parent_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("updated_time", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["tags.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("parent_id", "name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tags_category", "tags", ["name"], unique=True, sqlite_where=ROOT, postgresql_where=ROOT)
    op.create_table(
        "content_tags",
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_id", "tag_id"),
    )
    op.create_index(op.f("ix_content_tags_tag_id"), "content_tags", ["tag_id"], unique=False)
    op.create_table(
        "vanities",
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("path_key", sa.String(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_id"),
        sa.UniqueConstraint("path_key"),
    )
    op.create_table(
        "thumbnails",
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_id"),
        sa.UniqueConstraint("file"),
    )
    op.create_table(
        "bookmarks",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "content_id"),
    )
    op.create_index(op.f("ix_bookmarks_content_id"), "bookmarks", ["content_id"], unique=False)
    op.create_index(op.f("ix_content_name"), "content", ["name"], unique=False)
    op.add_column("content", sa.Column("search_text", sa.String(), server_default="", nullable=False))
    op.execute(
        "UPDATE content SET "
        "search_text = lower(name || ' ' || coalesce(title, '') || ' ' || app_mode || ' ' || description)"
    )
