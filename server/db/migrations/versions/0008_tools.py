"""Tools that people sign in."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _client() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("client_row", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_row"], ["tool_clients.id"], ondelete="CASCADE"),
    ]


def _user(nullable: bool = False) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("user_id", sa.Integer(), nullable=nullable),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
    ]


def _sign_in(nullable: bool = False) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("sign_in_id", sa.Integer(), nullable=nullable),
        sa.ForeignKeyConstraint(["sign_in_id"], ["tool_sign_ins.id"], ondelete="CASCADE"),
    ]


def upgrade() -> None:
    op.create_table(
        "tool_clients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("client_name", sa.String(), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("grant_types", sa.JSON(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("last_used_time", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("client_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tool_sign_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guid", sa.String(), nullable=False),
        *_client(),
        *_user(),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("refresh_hash", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("last_used_time", sa.DateTime(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guid"),
        sa.UniqueConstraint("family"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tool_tokens",
        sa.Column("token_hash", sa.String(), nullable=False),
        *_sign_in(),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "tool_codes",
        sa.Column("code_hash", sa.String(), nullable=False),
        *_client(),
        *_user(),
        sa.Column("redirect_uri", sa.String(), nullable=False),
        sa.Column("code_challenge", sa.String(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        *_sign_in(nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_table(
        "tool_devices",
        sa.Column("device_hash", sa.String(), nullable=False),
        sa.Column("user_code_hash", sa.String(), nullable=False),
        *_client(),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("polled_time", sa.DateTime(), nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        *_user(nullable=True),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("device_hash"),
        sa.UniqueConstraint("user_code_hash"),
    )
    op.create_table(
        "claim_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guid", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("claim_hash", sa.String(), nullable=True),
        *_user(nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.Column("claimed_time", sa.DateTime(), nullable=True),
        sa.Column("last_used_time", sa.DateTime(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guid"),
        sa.UniqueConstraint("token"),
        sa.UniqueConstraint("claim_hash"),
        sqlite_autoincrement=True,
    )
    for table, columns in (
        ("tool_sign_ins", ("client_row", "user_id", "expires_at")),
        ("tool_tokens", ("sign_in_id",)),
        ("tool_codes", ("client_row", "user_id", "sign_in_id", "expires_at")),
        ("tool_devices", ("client_row", "user_id", "expires_at")),
        ("claim_tokens", ("user_id", "expires_at")),
    ):
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
