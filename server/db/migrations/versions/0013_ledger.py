"""Whose access to what an audit event concerns, and the chain of events, which the database lets nobody change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NAMES = ("subject", "content", "integration", "connection", "bundle", "address", "request_id")
LISTED = ("actor_guid", "action", "subject", "content", "integration", "connection")
# An event without a number is one of before the chain; it gets its number once (server.db.chain).
REFUSAL = "'audit events are never changed or deleted'"
SQLITE = (
    f"""CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events WHEN OLD.seq IS NOT NULL
    BEGIN SELECT RAISE(ABORT, {REFUSAL}); END""",
    f"""CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
    BEGIN SELECT RAISE(ABORT, {REFUSAL}); END""",
)
POSTGRESQL = (
    f"""CREATE FUNCTION audit_events_stay() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION {REFUSAL}; END $$""",
    """CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events FOR EACH ROW
    WHEN (OLD.seq IS NOT NULL) EXECUTE FUNCTION audit_events_stay()""",
    """CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events FOR EACH ROW
    EXECUTE FUNCTION audit_events_stay()""",
    """CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT
    EXECUTE FUNCTION audit_events_stay()""",
)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    for name in NAMES:
        op.add_column("audit_events", sa.Column(name, sa.String(), nullable=True))
    op.add_column("audit_events", sa.Column("seq", sa.Integer(), nullable=True))
    op.add_column("audit_events", sa.Column("mac", sa.LargeBinary(), nullable=True))
    for name in ("time", "actor_guid", "action"):
        op.drop_index(f"ix_audit_events_{name}", "audit_events")
    op.create_index("ix_audit_events_time_id", "audit_events", ["time", "id"])
    for name in LISTED:
        op.create_index(f"ix_audit_events_{name}_time_id", "audit_events", [name, "time", "id"])
    op.create_index("ix_audit_events_seq", "audit_events", ["seq"], unique=True)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for statement in SQLITE if _is_sqlite() else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if _is_sqlite():
        op.execute("DROP TRIGGER audit_events_no_update")
        op.execute("DROP TRIGGER audit_events_no_delete")
    else:
        op.execute("DROP FUNCTION audit_events_stay CASCADE")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_events_seq", "audit_events")
    for name in ("time", *LISTED):
        op.drop_index(
            f"ix_audit_events_{name}_time_id" if name != "time" else "ix_audit_events_time_id", "audit_events"
        )
    for name in ("time", "actor_guid", "action"):
        op.create_index(f"ix_audit_events_{name}", "audit_events", [name])
    for name in (*NAMES, "seq", "mac"):
        op.drop_column("audit_events", name)
