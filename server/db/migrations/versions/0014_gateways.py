"""What one gateway tells the others, and whose a running thing is."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OWNED = ("instances", "tasks", "live_uses")


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("touched", sa.JSON(), nullable=False),
        sa.Column("time", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_changes_number", "changes", ["number"])
    for table in OWNED:
        op.add_column(table, sa.Column("owner", sa.String(), nullable=True))


def downgrade() -> None:
    for table in OWNED:
        op.drop_column(table, "owner")
    op.drop_table("changes")
