"""Groups and their members; what lists of people are ordered and searched by."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guid", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("created_time", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guid"),
        sa.UniqueConstraint("name_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_groups_owner_id"), "groups", ["owner_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "user_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_memberships_group_id"), "memberships", ["group_id"], unique=False)
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"], unique=False)
    # Not as a batch: SQLite would make the table anew, and dropping the old one would empty all that hangs on it.
    op.add_column("users", sa.Column("first_key", sa.String(), nullable=False, server_default=""))
    op.add_column("users", sa.Column("last_key", sa.String(), nullable=False, server_default=""))
    op.add_column("users", sa.Column("unique_id", sa.String(), nullable=True))
    op.add_column("users", sa.Column("must_set_password", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("first_key", "last_key", "role"):
        op.create_index(op.f(f"ix_users_{name}"), "users", [name], unique=False)
    op.create_index(op.f("ix_users_unique_id"), "users", ["unique_id"], unique=True)
    _fold_names()


def _fold_names() -> None:
    users = sa.table("users", *(sa.column(name) for name in ("id", "first_name", "last_name", "first_key", "last_key")))
    folded = [
        {"number": row.id, "first": _folded(row.first_name), "last": _folded(row.last_name)}
        for row in op.get_bind().execute(sa.select(users))
    ]
    if folded:
        change = sa.update(users).where(users.c.id == sa.bindparam("number"))
        op.get_bind().execute(change.values(first_key=sa.bindparam("first"), last_key=sa.bindparam("last")), folded)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
