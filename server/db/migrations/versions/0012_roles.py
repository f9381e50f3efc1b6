"""Vendor roles: pinned by publishers, chosen by viewers; callbacks of their own and pinned accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("associations", sa.Column("role", sa.String(), nullable=False, server_default=""))
    op.add_column("flows", sa.Column("role", sa.String(), nullable=False, server_default=""))
    op.add_column("flows", sa.Column("redirect_uri", sa.String(), nullable=False, server_default=""))
    for name in ("own_callback", "one_account"):
        op.add_column("integrations", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "role_choices",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("content_guid", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("updated_time", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "integration_id", "content_guid"),
    )
    for name in ("integration_id", "content_guid"):
        op.create_index(op.f(f"ix_role_choices_{name}"), "role_choices", [name], unique=False)


def downgrade() -> None:
    op.drop_table("role_choices")
    for name in ("own_callback", "one_account"):
        op.drop_column("integrations", name)
    for name in ("role", "redirect_uri"):
        op.drop_column("flows", name)
    op.drop_column("associations", "role")
