"""Share links, and connections that owners lend."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _to(table: str, column: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column(column, sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint([column], [f"{table}.id"], ondelete="CASCADE"),
    ]


def upgrade() -> None:
    op.create_table(
        "share_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guid", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        *_to("content", "content_id"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("last_used_time", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guid"),
        sa.UniqueConstraint("secret_hash"),
    )
    op.create_index("ix_share_links_content_id", "share_links", ["content_id"])
    op.create_table(
        "loans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guid", sa.String(), nullable=False),
        *_to("content", "content_id"),
        *_to("integrations", "integration_id"),
        *_to("users", "user_id"),
        sa.Column("role_key", sa.String(), nullable=False),
        sa.Column("to_viewers", sa.Boolean(), nullable=False),
        sa.Column("to_schedules", sa.Boolean(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guid"),
        sa.UniqueConstraint("content_id", "integration_id"),
    )
    for column in ("content_id", "integration_id", "user_id"):
        op.create_index(f"ix_loans_{column}", "loans", [column])


def downgrade() -> None:
    op.drop_table("loans")
    op.drop_table("share_links")
