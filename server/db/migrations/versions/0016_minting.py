"""Signing keys and role mappings of integrations that mint tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.Column("public_pem", sa.String(), nullable=False),
        sa.Column("sealed_private", sa.LargeBinary(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("used_time", sa.DateTime(), nullable=True),
        sa.Column("keep_until", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kid"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_signing_keys_integration_id"), "signing_keys", ["integration_id"], unique=False)
    op.create_table(
        "role_mappings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=True),
        sa.Column("login", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["integration_id"], ["integrations.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    for name in ("integration_id", "user_id", "group_id"):
        op.create_index(op.f(f"ix_role_mappings_{name}"), "role_mappings", [name], unique=False)


def downgrade() -> None:
    op.drop_table("role_mappings")
    op.drop_table("signing_keys")
