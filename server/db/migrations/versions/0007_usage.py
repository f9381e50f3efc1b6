"""Visits of pages and live connections to apps; the audit trail is listed by action."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("time", sa.DateTime(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("bundle_id", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hits_time_id", "hits", ["time", "id"])
    op.create_index("ix_hits_live_time_id", "hits", ["live", "time", "id"])
    op.create_index("ix_hits_content_id_time_id", "hits", ["content_id", "time", "id", "live"])
    op.create_index(op.f("ix_hits_user_id"), "hits", ["user_id"])
    op.create_table(
        "live_uses",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("started", sa.DateTime(), nullable=False),
        sa.Column("ended", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_live_uses_started_id", "live_uses", ["started", "id"])
    op.create_index("ix_live_uses_content_id_started_id", "live_uses", ["content_id", "started", "id"])
    op.create_index(op.f("ix_live_uses_user_id"), "live_uses", ["user_id"])
    op.create_index(op.f("ix_audit_events_action"), "audit_events", ["action"])
