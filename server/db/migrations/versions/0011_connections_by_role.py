"""Connections by role: the account's own id, what was asked for, what apps need besides the token; seals by version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ADDED = ("subject", "asked_scopes", "extras", "seal_form", "attempts_lost")


def upgrade() -> None:
    op.add_column("connections", sa.Column("subject", sa.String(), nullable=True))
    op.add_column("connections", sa.Column("asked_scopes", sa.String(), nullable=True))
    op.add_column("connections", sa.Column("extras", sa.JSON(), nullable=False, server_default="{}"))
    # Rows that are there already were sealed before versions counted; the next write of each seals it anew.
    op.add_column("connections", sa.Column("seal_form", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("connections", sa.Column("attempts_lost", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    # What was sealed with its version could not be opened any more: these viewers consent again.
    op.execute("DELETE FROM connections WHERE seal_form > 1")
    for name in ADDED:
        op.drop_column("connections", name)
