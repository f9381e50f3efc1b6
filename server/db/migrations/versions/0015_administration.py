"""Health of integrations, the end of their secrets, and consents that administrators give in advance."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _to(table: str, column: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column(column, sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint([column], [f"{table}.id"], ondelete="CASCADE"),
    ]


def upgrade() -> None:
    op.add_column("integrations", sa.Column("secret_expires_at", sa.DateTime(), nullable=True))
    op.add_column("integrations", sa.Column("configured_time", sa.DateTime(), nullable=True))
    op.create_table(
        "integration_health",
        *_to("integrations", "integration_id"),
        sa.Column("last_success", sa.DateTime(), nullable=True),
        sa.Column("last_error", sa.DateTime(), nullable=True),
        sa.Column("error_kind", sa.String(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.Column("error_reason", sa.String(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("skew", sa.Float(), nullable=True),
        sa.Column("skew_time", sa.DateTime(), nullable=True),
        sa.Column("used_second", sa.Boolean(), nullable=True),
        sa.Column("used_second_time", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("integration_id"),
    )
    op.create_table(
        "integration_hours",
        *_to("integrations", "integration_id"),
        sa.Column("hour", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ok", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "hour", "kind"),
    )
    op.create_index(op.f("ix_integration_hours_hour"), "integration_hours", ["hour"])
    op.create_table(
        "pre_authorizations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guid", sa.String(), nullable=False),
        *_to("users", "user_id"),
        *_to("integrations", "integration_id"),
        sa.Column("role_key", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("skipped_time", sa.DateTime(), nullable=True),
        sa.Column("connected_time", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guid"),
        sa.UniqueConstraint("user_id", "integration_id", "role_key"),
    )
    for column in ("user_id", "integration_id"):
        op.create_index(f"ix_pre_authorizations_{column}", "pre_authorizations", [column])


def downgrade() -> None:
    for table in ("pre_authorizations", "integration_hours", "integration_health"):
        op.drop_table(table)
    op.drop_column("integrations", "configured_time")
    op.drop_column("integrations", "secret_expires_at")
